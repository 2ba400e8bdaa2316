package Fault;

# One host in the test's own namespaces, the programs on it, and what the kernel and the files say afterwards: cheap enough
# to be asked some thousand times. Made by Fault::host(ROOT), where ROOT is the GUESTARP_ROOT that tests/lib.sh has made.
#
#   up0 - vmbr0 10.20.0.1          eth0, eth3, eth4 192.168.18.1N: one subnet        venet0, vethweb, veth202.0: to guests
#         veth101i0 - fwbr101i0    pve/101 (container, firewalled), lxc/web, vz/201 (venet), vz/202 (a veth with a route)
#                                  pve/104 (a VM that is managed and never runs), pve/105 (a VM of nobody's)

use strict;
use warnings;
use Exporter qw(import);
use File::Path qw(remove_tree make_path);
use POSIX qw(WNOHANG);
use Socket qw(AF_UNIX SOCK_RAW SOCK_STREAM);
use Table;
use Time::HiRes qw(time);
use Watch;

our @EXPORT_OK = qw(host facts reset_to run program differences ip_batch nft at_once slurp spew children_left policy table_wrong);

my ($root, $build, $output);
my $limit = 20;    # seconds; a program that takes longer hangs
my $second = 8;    # seconds, in which guestarp-watch has looked a second time

# ---- files ----------------------------------------------------------------------------------------------------------------

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return;
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($path, $text, $mode) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print {$out} $text;
    close $out or die "$path: $!\n";
    chmod $mode // 0644, $path;
    return;
}

sub entries {
    my ($dir) = @_;
    opendir my $in, $dir or return;
    my @names = sort grep { $_ ne '.' && $_ ne '..' } readdir $in;
    return @names;
}

# ---- programs -------------------------------------------------------------------------------------------------------------

# For a process that runs programs beside others.
sub own_output {
    ($output) = "$ENV{TMP}/run.$_[0]";
    return;
}

sub program {
    my ($name) = @_;
    return "$build/$name";
}

# LXC's monitor of the plain container: it listens from before its first hook until before its last one. Who comes between two
# requests of another program says so by a signal.
my $monitor;

sub monitor {
    my ($up) = @_;
    close $monitor if $monitor;
    undef $monitor;
    return if !$up;
    socket $monitor, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    bind $monitor, pack 'Sa*', AF_UNIX, "\0/var/lib/lxc/web/command" or die "bind: $!\n";
    listen $monitor, 64 or die "listen: $!\n";
    return;
}
$SIG{USR1} = sub { monitor(0) };

# run({argv, env, wrap, monitor}): what came of it. With rain, commands of ip's, it is guestarp-watch, and is ended when it has seen
# to them, and with until, a function of what it has said, not before that is true or its second look is over. A program that
# outlives the limit is ended by SIGALRM.
sub run {
    my ($call) = @_;
    my $began = time;
    my %env   = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL => 'C', GUESTARP_ROOT => $root, %{ $call->{env} // {} });
    for (qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS)) { $env{$_} = $ENV{$_} if defined $ENV{$_} }
    # The sanitizer's search for leaks needs ptrace, which strace has.
    $env{ASAN_OPTIONS} = join ':', $env{ASAN_OPTIONS} // (), 'detect_leaks=0' if $call->{wrap};
    monitor($call->{monitor}) if defined $call->{monitor};
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = %env;
        open STDIN,  '<', '/dev/null'     or POSIX::_exit(126);
        open STDOUT, '>', "$output.out"   or POSIX::_exit(126);
        open STDERR, '>', "$output.err"   or POSIX::_exit(126);
        alarm $limit;
        my @words = (@{ $call->{wrap} // [] }, @{ $call->{argv} });
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    let_rain($pid, $call->{until} // sub { return 1 }, @{ $call->{rain} }) if $call->{rain};
    waitpid $pid, 0;
    my $status = $?;
    reap();
    return {
        exit    => $status >> 8,
        signal  => $status & 127,
        out     => slurp("$output.out"),
        err     => slurp("$output.err"),
        seconds => time - $began,
    };
}

# Whether it lives or not. One that never comes to rest, as it cannot read what it hears of, is ended as well; strace takes no
# notice of the alarm.
sub let_rain {
    my ($pid, $until, @commands) = @_;
    my $rests = Watch::settled($pid, $limit);
    for (@commands) {
        ip_batch($_);
        $rests &&= Watch::settled($pid, $limit);
    }
    my $end = time + $second;
    until (Watch::ended($pid) || time > $end || $until->(slurp("$output.err"))) { Time::HiRes::sleep(0.1) }
    $end = time + $limit;
    kill 'TERM', Watch::traced($pid);
    until (Watch::ended($pid) || time > $end) { Time::HiRes::sleep(0.002) }
    kill 'ALRM', Watch::traced($pid) if !Watch::ended($pid);
    return;
}

# Detached children become ours, as we are process 1.
sub reap {
    1 while waitpid(-1, WNOHANG) > 0;
    return;
}

# Waits until none is left, or for the limit; returns how many processes there are then. As they all become ours, none is
# left that is not waited for.
sub children_left {
    local $SIG{ALRM} = sub { die "too long\n" };
    eval {
        alarm 30;
        1 while waitpid(-1, 0) > 0;
    };
    alarm 0;
    return scalar grep { /^\d+$/ && $_ != $$ } entries('/proc');
}

# Each line is a command of ip's. Failures are the caller's to see in the facts.
sub ip_batch {
    my (@lines) = @_;
    return if !@lines;
    open my $ip, '|-', 'ip -force -batch - >/dev/null 2>&1' or die "ip: $!\n";
    print {$ip} map { "$_\n" } @lines;
    close $ip;
    return;
}

# A script of nft's.
sub nft {
    my ($script) = @_;
    open my $nft, '|-', 'nft -f - >/dev/null 2>&1' or die "nft: $!\n";
    print {$nft} "$script\n";
    close $nft;
    return;
}

# Runs each function in a process of its own; what they print comes back, line by line.
sub at_once {
    my (@functions) = @_;
    my @pipes;
    # The programs' detached children end unseen.
    local $SIG{CHLD} = 'IGNORE';
    for my $function (@functions) {
        my $pipe;
        my $pid = open($pipe, '-|') // die "fork: $!\n";
        if ($pid == 0) {
            $SIG{CHLD} = 'DEFAULT';
            # run() keeps its output beside the root.
            own_output($$);
            $function->();
            close STDOUT;
            POSIX::_exit(0);
        }
        push @pipes, $pipe;
    }
    my @lines;
    for my $pipe (@pipes) { push @lines, readline $pipe; close $pipe }
    return @lines;
}

# ---- what there is --------------------------------------------------------------------------------------------------------

my %index;

# Every proxy entry, by one dump of our own: no process.
sub proxies {
    my %name = reverse %index;
    socket my $nl, 16, SOCK_RAW, 0 or die "netlink: $!\n";
    send $nl, pack('L S S L L  C x3 l S C C', 28, 30, 0x301, 1, 0, 0, 0, 0, 8, 0), 0;
    my @facts;
    while (1) {
        defined recv $nl, my $got, 65536, 0 or die "netlink: $!\n";
        while (length $got >= 16) {
            my ($len, $type) = unpack 'L S', $got;
            return @facts if $type == 3 || $type == 2;
            my ($family, $dev, $state, $flags) = unpack 'x16 C x3 l S C', $got;
            my $at = 28;
            while ($at + 4 <= $len) {
                my ($attr_len, $attr_type) = unpack "x$at S S", $got;
                push @facts, [ ($name{$dev} // "device $dev") . ' proxy ' . address(substr $got, $at + 4, $attr_len - 4) ]
                  if $attr_type == 1 && $flags & 8;
                $at += ($attr_len + 3) & ~3;
            }
            $got = substr $got, ($len + 3) & ~3;
        }
    }
}

sub address {
    my ($bytes) = @_;
    return Socket::inet_ntop(length $bytes == 4 ? Socket::AF_INET() : Socket::AF_INET6(), $bytes);
}

sub routes {
    my @facts;
    for (split /\n/, slurp('/proc/net/route') // '') {
        my ($dev, $dst, $mask) = (split /\t/)[ 0, 1, 7 ];
        push @facts, ["$dev route " . address(pack 'L', hex $dst)] if $mask eq 'FFFFFFFF';
    }
    for (split /\n/, slurp('/proc/net/ipv6_route') // '') {
        my ($dst, $len, $flags, $dev) = (split)[ 0, 1, 8, 9 ];
        push @facts, ["$dev route " . address(pack 'H*', $dst)]
          if $len eq '80' && !(hex($flags) & 0x80000000) && $dst !~ /^(?:ff|fe80)/ && $dev ne 'lo';
    }
    return @facts;
}

my @values = (
    [ 'ipv4/conf',  'arp_ignore' ],  [ 'ipv4/conf',  'arp_announce' ], [ 'ipv4/conf', 'arp_filter' ],
    [ 'ipv4/neigh', 'proxy_delay' ], [ 'ipv6/neigh', 'proxy_delay' ],  [ 'ipv6/conf', 'proxy_ndp' ],
);

sub of_device {
    my ($dev) = @_;
    my @facts;
    for (@values) {
        my ($tree, $key) = @$_;
        my $value = slurp("/proc/sys/net/$tree/$dev/$key") // next;
        chomp $value;
        push @facts, [ "$dev $tree/$key", $value ];
    }
    chomp(my $flags = slurp("/sys/class/net/$dev/flags") // return @facts);
    push @facts, [ "$dev flags", (hex($flags) & 0x80 ? 'NOARP' : 'ARP') . (hex($flags) & 1 ? ' up' : ' down') ];
    my $master = readlink "/sys/class/net/$dev/master";
    push @facts, [ "$dev in " . $master =~ s{.*/}{}r ] if $master;
    if (-d "/sys/class/net/$dev/bridge") {
        chomp(my $pinned = slurp("/sys/class/net/$dev/addr_assign_type"));
        chomp(my $mac    = slurp("/sys/class/net/$dev/address"));
        push @facts, [ "$dev MAC", $pinned eq '3' ? "pinned $mac" : 'follows' ];
    }
    return @facts;
}

# Every name below ROOT/run and ROOT/etc/guestarp, with its mode; a record as its settings, in whatever order.
sub of_files {
    my ($dir) = @_;
    my @facts;
    for my $name (entries("$root$dir")) {
        # It was said that nf_tables is missing; another run may have no reason to.
        next if $name eq 'no-nf_tables';
        # What guestarp-watch says of itself.
        next if $name =~ /^\.?watch\b/;
        my $path = "$root$dir/$name";
        my @st   = lstat $path;
        push @facts, [ "file $dir/$name", sprintf '%07o', $st[2] ];
        push @facts, of_files("$dir/$name") if -d _;
        push @facts, map { [ "$dir/$name: " . $_ ] } settings(slurp($path)) if $name =~ /^[a-z].*\.json$/ && $dir =~ m{^/run};
        push @facts, [ "text $dir/$name", slurp($path) ] if $dir =~ m{^/etc};
    }
    return @facts;
}

# An index as whether it is the device's own: devices are made anew between two runs.
sub settings {
    my ($text) = @_;
    return "BROKEN $text" if $text !~ /^\{ "version": 1, "settings": \[ (.*?) ?\] \}\z/s;
    return map {
        my ($dev) = /"device": "([^"]*)"/;
        s{"ifindex": (\d+)}{($index{$dev // ''} // 0) == $1 ? 'its index' : "index of another, $1"}er
    } split /(?<=\}), (?=\{)/, $1;
}

# A hash, fact to value ('' where being there is all).
sub facts {
    %index = map { $_ => slurp("/sys/class/net/$_/ifindex") + 0 } entries('/sys/class/net');
    my @facts = (proxies(), routes(), of_files('/run'), of_files('/etc/guestarp'), map { [$_] } Table::facts());
    push @facts, map { of_device($_) } 'all', 'default', grep { !/^(?:lo|peer-.*)$/ } keys %index;
    push @facts, map { ["device $_"] } keys %index;
    return { map { $_->[0] => $_->[1] // '' } @facts };
}

# What got has and want has not, and the other way round. any_of: further facts, each of which is right as well.
sub differences {
    my ($got, $want, $any_of) = @_;
    my (@lines, %all);
    @all{ keys %$got, keys %$want } = ();
    for my $fact (sort keys %all) {
        my ($have, $should) = ($got->{$fact} // '(none)', $want->{$fact} // '(none)');
        next if $have eq $should || ($any_of && $have eq ($any_of->{$fact} // '(none)'));
        push @lines, "$fact: $have, should be $should";
    }
    return @lines;
}

# How the table of these facts differs from the one that the files want, or from none where none is wanted.
sub table_wrong {
    my ($facts, $wanted) = @_;
    my %got = map { $_ => '' } grep { /^table/ } keys %$facts;
    return differences(\%got, { $wanted ? map { $_ => '' } Table::wanted($root) : () });
}

# ---- back to a state ------------------------------------------------------------------------------------------------------

my @links = qw(eth0 eth3 eth4 up0 veth101i0 vethweb veth202.0 venet0);

sub make_links {
    my (@commands);
    for my $dev (@links) {
        next if -e "/sys/class/net/$dev";
        push @commands, "link add $dev type veth peer name peer-$dev", "link set $dev up", "link set peer-$dev up";
        push @commands, "addr add 192.168.18.1$1/24 dev $dev" if $dev =~ /^eth(\d)$/;
    }
    push @commands, bridge('vmbr0', '02:00:00:00:00:00'), 'link set up0 master vmbr0', 'addr add 10.20.0.1/24 dev vmbr0'
      if !-e '/sys/class/net/vmbr0';
    push @commands, bridge('fwbr101i0'), 'link set veth101i0 master fwbr101i0'
      if !-e '/sys/class/net/fwbr101i0' || grep { / veth101i0 / } @commands;
    return @commands;
}

sub bridge {
    my ($name) = @_;
    return ("link del $name", "link add $name type bridge", "link set $name up");
}

# The kernel and the files as the facts say. The cheapest way first: mostly nothing is to be done.
sub reset_to {
    my ($want, $policy) = @_;
    my @commands = make_links();
    my $got;

    monitor(0);
    # A bridge's pinned MAC cannot be removed: another bridge.
    push @commands, bridge('vmbr0'), 'link set up0 master vmbr0', 'addr add 10.20.0.1/24 dev vmbr0'
      if $want->{'vmbr0 MAC'} && $want->{'vmbr0 MAC'} eq 'follows' && (slurp('/sys/class/net/vmbr0/addr_assign_type') // 1) == 3;
    ip_batch(@commands);
    forward();
    remove_tree("$root/run/guestarp", "$root/var/lib/guestarp");
    policy($policy) if $policy;
    $got      = facts();
    @commands = ();
    nft('delete table arp guestarp') if grep { /^table/ } keys %$got;
    for my $fact (keys %$got) {
        next if exists $want->{$fact};
        my ($dev, $what, $address) = split / /, $fact;
        push @commands, "neigh del proxy $address dev $dev" if $what eq 'proxy';
        push @commands, "route del $address/" . ($address =~ /:/ ? 128 : 32) . " dev $dev" if $what eq 'route';
        push @commands, "link set $dev nomaster" if $what eq 'in';
    }
    for my $fact (keys %$want) {
        next if defined $got->{$fact} && $got->{$fact} eq $want->{$fact};
        my ($dev, $what, $address) = split / /, $fact;
        spew("/proc/sys/net/$1/$dev/$2", "$want->{$fact}\n") if $what =~ m{^(ipv\d/\w+)/(\w+)$};
        push @commands, "neigh add proxy $address dev $dev" if $what eq 'proxy';
        push @commands, "route add $address/" . ($address =~ /:/ ? 128 : 32) . " dev $dev" if $what eq 'route';
        push @commands, "link set $dev arp " . ($want->{$fact} =~ /NOARP/ ? 'off' : 'on') if $what eq 'flags';
        push @commands, "link set $dev " . ($want->{$fact} =~ /up/ ? 'up' : 'down') if $what eq 'flags';
        push @commands, "link set $dev master $address" if $what eq 'in';
    }
    ip_batch(@commands);
    return;
}

# Nothing of this is guestarp's to set, and without it it would warn.
sub forward {
    for my $dev (qw(eth0 eth3 eth4)) { spew("/proc/sys/net/ipv4/conf/$dev/forwarding", "1\n") }
    return;
}

sub policy {
    my ($json) = @_;
    spew("$root/etc/guestarp/guestarp.json", "$json\n");
    return;
}

# ---- the host -------------------------------------------------------------------------------------------------------------

sub host {
    ($root, $build, $output) = ($_[0], $ENV{GUESTARP_BUILD}, "$ENV{TMP}/run");
    $| = 1;
    for (qw(/var/lib/lxc/web /etc/vz/conf /scripts)) { make_path("$root$_") }
    spew("$root/etc/pve/lxc/101.conf", <<'END');
hookscript: local:snippets/guestarp
net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.18.101/32,ip6=2001:db8:18::101/128,type=veth
END
    spew("$root/etc/pve/qemu-server/$_.conf", "net0: virtio=02:9E:00:00:00:00,bridge=vmbr0,firewall=1\n") for 104, 105;
    spew("$root/var/lib/lxc/web/config", <<'END');
lxc.net.0.type = veth
lxc.net.0.veth.mode = router
lxc.net.0.veth.pair = vethweb
lxc.net.0.ipv4.address = 192.168.18.102/32
lxc.net.0.ipv6.address = 2001:db8:18::102/128
END
    spew("$root/etc/vz/conf/201.conf", qq{IP_ADDRESS="192.168.18.201 2001:db8:18::201"\nGUESTARP_DEVICE="eth3"\n});
    spew("$root/etc/vz/conf/202.conf",
        qq{NETIF="ifname=eth0,host_ifname=veth202.0"\nVETH_IP_ADDRESS="192.168.18.202"\nGUESTARP_DEVICE="eth3"\n});
    for (qw(vps-net_add vps-net_del)) {
        symlink "$build/vznet-custom", "$root/scripts/$_";
        spew("$root/scripts/$_.distrib", "#!/bin/sh\nexit 0\n", 0755);
    }
    symlink "$build/vznet-custom", "$root/scripts/201.umount";
    symlink "$build/vznet-custom", "$root/scripts/202.umount";
    spew('/proc/sys/net/ipv6/conf/all/forwarding', "1\n");
    ip_batch(make_links());
    forward();
    return;
}

1;
