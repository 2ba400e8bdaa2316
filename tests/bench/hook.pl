#!/usr/bin/perl
# hook.sh in Perl, as most of Proxmox VE's own hooks are: no shell, ip by a list of words, sysctl by writing its files.

use strict;
use warnings;

my $conf = ($ENV{GUESTARP_ROOT} // '') . '/etc';
my ($device, @others) = qw(eth3 eth0 eth4 vmbr0);
my ($ip, $bridge);

sub set {
    my ($path, $value) = @_;
    open my $out, '>', "/proc/sys/net/$path" or die "$path: $!\n";
    print {$out} $value;
    close $out or die "$path: $!\n";
    return;
}

sub read_pve {
    my ($vmid) = @_;
    my $hooked;
    open my $in, '<', "$conf/pve/lxc/$vmid.conf" or return;
    while (<$in>) {
        $hooked = 1 if /^hookscript:/;
        ($ip) = /,ip=([^\/,]+)/, ($bridge) = /bridge=([^,]+)/ if /^net0:/;
    }
    return $hooked;
}

sub prepare {
    for my $dev (qw(eth0 eth3)) {
        set("ipv4/conf/$dev/arp_ignore", 1);
        set("ipv4/conf/$dev/arp_announce", 2);
    }
    return;
}

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    chomp(my $line = <$in>);
    return $line;
}

sub pin {
    return if slurp("/sys/class/net/$bridge/addr_assign_type") == 3;
    return system qw(ip link set dev), $bridge, 'address', slurp('/sys/class/net/eth5/address');
}

sub bind_ip {
    system qw(ip neigh replace proxy), $ip, 'dev', $device;
    open STDERR, '>', '/dev/null';
    system qw(ip neigh del proxy), $ip, 'dev', $_ for @others;
    return;
}

sub quiet_and_bind {
    my ($vmid) = @_;
    system qw(ip link set dev), "fwbr${vmid}i0", qw(arp off);
    set("ipv4/conf/fwbr${vmid}i0/arp_ignore", 1);
    set("ipv4/neigh/$device/proxy_delay", 0);
    bind_ip();
    system qw(ip neigh flush dev), "fwbr${vmid}i0";
    return;
}

my $who = shift;
my $what = shift // $who;
if ($what eq 'devices') {
    open my $in, '<', "$conf/vz/conf/$ENV{VEID}.conf" or die "$ENV{VEID}: $!\n";
    my ($chosen) = map { /^GUESTARP_DEVICE="(.*)"/ } <$in>;
    print $chosen ? "list:$chosen\n" : "all\n";
    exit 0 if !$chosen;
    $ip = $ENV{IP_ADDR};
    prepare();
    set("ipv4/neigh/$device/proxy_delay", 0);
    bind_ip();
    exit 0;
}
my ($vmid) = $who =~ /(\d+)/;
exit 0 if !read_pve($vmid);
if ($what eq 'pre-start' || $what eq 'start-host') {
    prepare();
    pin();
}
quiet_and_bind($vmid) if $what =~ /^(post-start|start-host)$/;
system qw(ip neigh del proxy), $ip, 'dev', $device if $what eq 'post-stop';
