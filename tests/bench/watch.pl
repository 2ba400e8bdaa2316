#!/usr/bin/perl
# Run by `watch` in its namespaces.

use strict;
use warnings;
use Socket qw(SOCK_RAW inet_aton);
use Time::HiRes qw(sleep time);
use Watch;

$| = 1;
my ($root, $v4, $flaps, $devices, $loop) = @ARGV;
my $ticks = qx(getconf CLK_TCK) + 0;
chomp(my $eth3 = Watch::slurp('/sys/class/net/eth3/ifindex'));
socket my $nl, 16, SOCK_RAW, 0 or die "netlink: $!\n";

# The kernel's error number for one rtnetlink request, 0 for none.
sub ask {
    my ($type, $flags, $body) = @_;
    send $nl, pack('L S S L L', 16 + length $body, $type, 1 | $flags, 1, 0) . $body, 0 or die "netlink: $!\n";
    defined recv $nl, my $got, 65536, 0 or die "netlink: $!\n";
    my ($answer, $error) = unpack 'x4 S x10 l', $got;
    return $answer == 2 ? -$error : 0;
}

sub set_link { my ($up) = @_; return ask(16, 4, pack 'C x S l L L', 0, 0, $eth3, $up, 1) }

# RTM_GETNEIGH of a proxy entry.
sub is_bound { return ask(30, 0, pack('C x3 l S C C', 2, $eth3, 0, 8, 0) . pack('S S a4', 8, 1, inet_aton($v4))) == 0 }

sub reaction {
    my ($who, $settle) = @_;
    for (1 .. $flaps) {
        set_link(0);
        $settle->();
        die "$who: the entry outlives the device\n" if is_bound();
        my $begun = time;
        set_link(1);
        until (is_bound()) { die "$who: no entry\n" if time - $begun > 10 }
        printf "reaction\t%s\t%.0f\n", $who, (time - $begun) * 1e6;
        $settle->();
    }
    return;
}

sub cpu_ms {
    my ($pid) = @_;
    my @f = split / /, Watch::slurp("/proc/$pid/stat") =~ s/.*\) //r;
    # Ticks are too coarse; the scheduler's own sum is in nanoseconds.
    my ($ns) = split / /, Watch::slurp("/proc/$pid/schedstat");
    return defined $ns ? $ns / 1e6 : ($f[11] + $f[12]) * 1000 / $ticks;
}

sub resident { my ($kib) = Watch::slurp("/proc/$_[0]/status") =~ /^VmRSS:\s+(\d+)/m; return $kib }

# So many pairs made, taken up and deleted, a hundred at a time: with the kernel's messages of each.
sub strangers {
    my ($count) = @_;
    for (1 .. $count / 200) {
        open my $ip, '|-', 'ip', '-batch', '-' or die "ip: $!\n";
        print $ip map { "link add name x$_ group 7 type veth peer name y$_\nlink set x$_ group 7 up\n" } 1 .. 100;
        print $ip "link del group 7\n";
        close $ip or die "ip -batch failed\n";
    }
    return;
}

sub listener {
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDOUT, '>', "$root/heard" or die;
        exec qw(ip -o monitor link) or die "ip: $!\n";
    }
    sleep 0.3;
    return $pid;
}

my $watch = Watch::start($root, "$root/watch.out");
reaction('guestarp-watch', sub { Watch::idle($watch) });
strangers(200);
Watch::idle($watch);
my ($before, $first) = (cpu_ms($watch), resident($watch));
my $monitor = listener();
my $monitor_before = cpu_ms($monitor);
strangers($devices);
Watch::idle($watch);
sleep 0.5;
my $heard = () = Watch::slurp("$root/heard") =~ /\n/g;
printf "foreign\t%s\t%d\t%d\t%.3f\n", 'guestarp-watch', $devices, $heard, cpu_ms($watch) - $before;
printf "foreign\t%s\t%d\t%d\t%.3f\n", 'ip monitor', $devices, $heard, cpu_ms($monitor) - $monitor_before;
printf "resident\t%d\t%d\t%d\n", $devices, $first, resident($watch);
kill 'TERM', $monitor;
waitpid $monitor, 0;
Watch::stop($watch);

my $shell = fork // die "fork: $!\n";
if ($shell == 0) {
    setpgrp;
    exec $loop or die "$loop: $!\n";
}
sleep 0.5;
reaction('sh loop', sub { sleep 0.05 });
kill '-TERM', $shell;
waitpid $shell, 0;
