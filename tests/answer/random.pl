#!/usr/bin/perl
# Run by wire.t in its namespaces: makes one random host after the other, asks on its wires by harm-wire, has the
# model's program answer the same questions, and compares. What differs is asked once more after a moment, as a host
# needs some time until all of its ports forward; only what differs then is a failure. On some hosts each wire has
# a subnet of its own, as administrators have it, and there Judge.pm judges `guestarp check`.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IPC::Open2;
use JSON::PP;
use Judge;
use Time::HiRes qw(sleep time);

$| = 1;
my ($wire_program, $model_program, $reach_program, $guestarp, $root) = @ARGV;
my $seed    = $ENV{GUESTARP_SEED} // time ^ $$;
my $hosts   = $ENV{GUESTARP_HOSTS} // 200;
my $only    = $ENV{GUESTARP_HOST};
my $every   = $ENV{GUESTARP_JUDGE} // 4;    # which of the hosts are sensible ones; 0: none
my $judge_seed = $ENV{GUESTARP_SEED} // 1;
my $judged  = $ENV{GUESTARP_JUDGED};        # nothing but these, and of these no question to the model
my @numbers = defined $only ? ($only) : map { $judged ? $every * ($_ - 1) + 1 : $_ } 1 .. $hosts;
my $quiet   = 12;     # ms without an answer that end the listening
my $shown   = 12;     # differences of one host
my $model_loss = 0.002;

my (%count, %unknown, $wire_in, $wire_out);
# The names of the host at hand; deleted also when we are told to end.
my ($host, $lan, @entries);

# Kinds of devices that this kernel has.
my %can;
for my $kind (qw(dummy bond), 'vrf table 9', 'vlan id 9', 'macvlan', 'ipvlan') {
    my $link = $can{dummy} && $kind !~ /^vrf/ ? 'link probe0' : '';
    system("ip link add probe0 type dummy 2>/dev/null; ip link add $link probe1 type $kind 2>/dev/null") == 0
        and $can{ (split / /, $kind)[0] } = 1;
    system("ip link del probe$_ 2>/dev/null") for 1, 0;
}
my $can_names = system('nft add table arp probe 2>/dev/null') == 0 && system('nft delete table arp probe') == 0;

sub one_of { return $_[rand @_] }
sub chance { return rand() < $_[0] }
sub some   { my ($p, @list) = @_; return grep { chance($p) } @list }

# ---- one host ----------------------------------------------------------------------------------------------------

# Two parts of one broadcast domain may not be joined twice, or frames would go round.
my %domain;

sub domain_of {
    my ($name) = @_;
    $name = $domain{$name} while defined $domain{$name};
    return $name;
}

sub join_domains {
    my ($one, $other) = map { domain_of($_) } @_;
    return 0 if $one eq $other;
    $domain{$one} = $other;
    return 1;
}

# {ip: lines for ip -batch in the host, lan: in the LANs' namespace, set: [value, path], askers, senders, targets}
sub random_host {
    my ($sensible) = @_;
    my %h = (ip => [], lan => [], set => [], names => [], late => [], last => [], sensible => $sensible);
    my (@nics, @bridges, @ports, @pairs, @more);
    my $lans  = 1 + int rand 3;
    my $mac   = 0;
    my $ip    = sub { push @{ $h{ip} }, @_ };
    my $mac_s = sub { return sprintf '02:00:00:00:%02x:%02x', $_[0], ++$mac };
    %domain = ();

    for my $l (1 .. $lans) {
        push @{ $h{lan} }, "link add l$l address " . $mac_s->(0xa) . ' type bridge mcast_snooping 0', "link set l$l up";
        $h{asker}{"l$l"} = undef;
    }
    for my $i (0 .. int rand 5) {
        my $l = 1 + int rand $lans;
        push @nics, { name => "e$i", lan => $l };
        $h{home}{"e$i"} = "lan$l";
        $ip->("link add e$i address " . $mac_s->(1) . " type veth peer name p$i netns $lan");
        push @{ $h{lan} }, "link set p$i master l$l", "link set p$i up";
        $h{wire}{"e$i"} = $l;
        $h{asker}{"l$l"} //= "e$i";
    }
    delete $h{asker}{$_} for grep { !defined $h{asker}{$_} } keys %{ $h{asker} };
    # Two NICs of one LAN as a bond, which is a NIC of it then.
    if ($can{bond} && @nics > 1 && $nics[0]{lan} == $nics[1]{lan} && chance(0.6)) {
        $ip->("link add bond0 type bond mode active-backup miimon 20");
        $ip->("link set $_->{name} master bond0") for splice @nics, 0, 2;
        unshift @nics, { name => 'bond0', lan => $h{wire}{e0}, bond => 1 };
        $h{home}{bond0} = $h{home}{e0};
    }
    for my $i (0 .. int rand 4) {
        last if chance(0.3);
        my $bridge = $sensible && chance(0.3) ? "fwbr10${i}i0" : "b$i";
        push @bridges, $bridge;
        my $filtering = $can{vlan} && chance(0.4) ? ' vlan_filtering 1' : '';
        $h{filtering}{$bridge} = 1 if $filtering;
        $ip->("link add $bridge type bridge$filtering");
        $ip->("link set $bridge address " . $mac_s->(2)) if chance($sensible ? 0.8 : 0.5);
    }
    for my $i (0 .. int rand 3) {
        push @ports, "g$i";
        $ip->("link add g$i address " . $mac_s->(3) . " type veth peer name c$i netns $lan");
        push @{ $h{lan} }, "link set c$i up";
        $h{asker}{"c$i"} = "g$i";
    }
    for my $i (0 .. int rand 3) {
        last if chance(0.4);
        push @pairs, ["x$i", "y$i"];
        $ip->("link add x$i address " . $mac_s->(4) . " type veth peer name y$i address " . $mac_s->(4));
    }

    my @bridged;
    my $enslave = sub {
        my ($device, $bridge) = @_;
        $ip->("link set $device master $bridge");
        push @bridged, $device;
        $h{master}{$device} = $bridge;
        $h{home}{$device} = $bridge;
    };
    if (@bridges) {
        for (@nics) {
            my $bridge = one_of(@bridges);
            $enslave->($_->{name}, $bridge) if chance(0.5) && join_domains("lan$_->{lan}", $bridge);
        }
        for (@ports) { $enslave->($_, one_of(@bridges)) if chance(0.6) }
        for (@pairs) {
            my ($x, $y) = @$_;
            my ($one, $other) = (one_of(@bridges), one_of(@bridges));
            if (chance(0.5)) {
                next if !join_domains($one, $other);
                $enslave->($x, $one);
                $enslave->($y, $other);
            } elsif (chance(0.6)) {
                $enslave->($x, $one);
            }
        }
    }
    for (@pairs) {
        my ($x, $y) = @$_;
        $h{home}{$y} //= $h{home}{$x} // $x;
        $h{home}{$x} //= $h{home}{$y};
    }
    my @devices = ((map { $_->{name} } @nics), @bridges, @ports, map { @$_ } @pairs);
    push @devices, random_kinds(\%h, \@devices, $ip, $mac_s);
    $ip->("link set $_ up") for 'lo', (grep { /^e/ } sort keys %{ $h{wire} }), grep { !chance(0.05) } @devices;
    $ip->("link set $_ type bridge_slave isolated on") for some(0.1, @bridged);
    $ip->("link set $_ type bridge_slave learning off") for some(0.05, @bridged);
    $ip->("link set $_ type bridge_slave flood off") for some(0.05, @bridged);
    $ip->("link set $_ type bridge_slave bcast_flood off") for some(0.04, @bridged);
    $ip->("link set $_ type bridge_slave mcast_flood off") for some(0.04, @bridged);
    push @{ $h{last} }, map { "link set dev $_ state " . int rand 3 } some(0.07, @bridged);
    random_values(\%h, @devices);
    random_addresses(\%h, \@devices, $ip);
    random_routes(\%h, \@devices, $ip);
    random_names(\%h, @devices);
    return \%h;
}

# What stands on these devices, and VRFs; who asks with a tag, too.
sub random_kinds {
    my ($h, $devices, $ip, $mac_s) = @_;
    my (@new, %used);
    if ($can{vlan}) {
        for my $lower (some(0.4, @$devices)) {
            my $vid = one_of(5, 5, 6);
            my $mac = $h->{sensible} && chance(0.6) ? ' address ' . $mac_s->(6) : '';
            push @new, "$lower.$vid";
            $ip->("link add link $lower name $lower.$vid$mac type vlan id $vid");
            $h->{home}{"$lower.$vid"} = ($h->{home}{$lower} // $lower) . "/$vid";
        }
        for my $asker (some($h->{sensible} ? 1 : 0.7, sort keys %{ $h->{asker} })) {
            for my $vid ($h->{sensible} ? (5, 6) : one_of(5, 5, 6)) {
                push @{ $h->{lan} }, "link add link $asker name ${asker}v$vid type vlan id $vid",
                    "link set ${asker}v$vid up";
                $h->{asker}{"${asker}v$vid"} = "$h->{asker}{$asker}/$vid";
            }
        }
        for my $port (sort keys %{ $h->{master} }, sort keys %{ $h->{filtering} }) {
            my $self = $h->{filtering}{$port} ? ' self' : '';
            next if !$self && !$h->{filtering}{ $h->{master}{$port} };
            push @{ $h->{vlans} }, "vlan del dev $port vid 1$self" if chance(0.3);
            for my $vid (some(0.5, 5, 6)) {
                push @{ $h->{vlans} }, "vlan add dev $port vid $vid" . one_of('', '', ' pvid untagged', ' untagged', ' pvid')
                    . $self;
            }
        }
    }
    for my $lower (grep { !$h->{master}{$_} && !/^(?:b\d|fwbr)/ } @$devices) {
        my $kind = one_of(grep { $can{$_} } qw(macvlan ipvlan)) // last;
        next if !chance(0.25);
        $used{$lower} = 1;
        for my $i (0 .. int rand 2) {
            my $name = substr($kind, 0, 1) . "$i.$lower";
            my $mode = $kind eq 'macvlan' ? one_of(qw(bridge private vepa)) : one_of(qw(l2 l3 l3s));
            my $mac  = $kind eq 'macvlan' ? ' address ' . $mac_s->(5) : '';
            push @new, $name;
            $h->{home}{$name} = $h->{home}{$lower} // $lower;
            $ip->("link add link $lower name $name$mac type $kind mode $mode");
        }
    }
    if ($can{dummy} && chance(0.4)) {
        push @new, 'd0';
        $ip->('link add d0 type dummy');
    }
    if ($can{vrf} && chance(0.4)) {
        $ip->('link add r0 type vrf table 70');
        for my $device (some(0.3, grep { !$h->{master}{$_} && !$used{$_} } @$devices, @new)) {
            $ip->("link set $device master r0");
        }
        push @new, 'r0';
    }
    return @new;
}

sub random_values {
    my ($h, @devices) = @_;
    my %values = (
        arp_ignore => [0, 0, 0, 1, 1, 2, 3, 4, 8],
        arp_filter => [0, 0, 1],
        rp_filter => [0, 0, 1, 2],
        proxy_arp => [0, 0, 1],
        proxy_arp_pvlan => [0, 0, 0, 1],
        medium_id => [0, 0, 0, -1, 1, 2],
        forwarding => [0, 1, 1, 1],
        accept_local => [0, 0, 1],
        route_localnet => [0, 0, 0, 1],
        drop_gratuitous_arp => [0, 0, 1]);
    my %six = (
        forwarding => [0, 1, 1],
        proxy_ndp => [0, 1],
        addr_gen_mode => [0, 1],
        disable_ipv6 => [0, 0, 0, 0, 1]);
    my $set = sub { push @{ $h->{set} }, [@_] };

    # The "all" of forwarding sets every device's, so it comes first.
    $set->(one_of($h->{sensible} ? (0, 1, 1, 1) : (0, 1)), 'net/ipv4/ip_forward');
    $set->(one_of(0, 1), 'net/ipv6/conf/all/forwarding');
    for my $key (sort keys %values) {
        next if $key =~ /^(?:forwarding|medium_id)$/ || !chance(0.12);
        $set->(one_of(@{ $values{$key} }), "net/ipv4/conf/all/$key");
    }
    $set->(1, 'net/ipv6/conf/all/proxy_ndp') if chance(0.1);
    for my $device (@devices) {
        $set->(0, "net/ipv4/neigh/$device/proxy_delay");
        $set->(0, "net/ipv6/neigh/$device/proxy_delay");
        for my $key (sort keys %values) {
            $set->(one_of(@{ $values{$key} }), "net/ipv4/conf/$device/$key") if chance($h->{sensible} ? 0.15 : 0.35);
        }
        for my $key (sort keys %six) {
            $set->(one_of(@{ $six{$key} }), "net/ipv6/conf/$device/$key") if chance(0.4);
        }
        push @{ $h->{late} }, "link set $device arp off" if chance(0.04);
    }
    return;
}

# The subnet of a device's wire: 10.NUMBER.0.0.
sub subnet_of {
    my ($h, $device) = @_;
    my ($base, $tag) = split m{/}, $h->{home}{$device} // $device, 2;
    my $domain = domain_of($base) . ($tag // '');
    return $h->{subnet}{$domain} //= ++$h->{subnets};
}

sub sensible_addresses {
    my ($h, $devices, $ip, $target) = @_;
    subnet_of($h, $_) for sort keys %{ $h->{wire} };
    for my $device (@$devices, 'lo') {
        my $subnet = $device =~ /^(?:[eb]\d|bond\d)$/;
        next if chance($subnet ? 0.08 : $device =~ /^fwbr\w+$/ ? 0.8 : 0.4);
        for (0 .. chance(0.3)) {
            my $k = $device eq 'lo' ? 1 + int rand 3 : subnet_of($h, $device);
            my $address = "10.$k.0." . (1 + int rand 30);
            my $length = $device eq 'lo' || chance($subnet ? 0.05 : 0.2) ? 32 : one_of(24, 24, 24, 24, 16);
            $ip->("addr add $address/$length dev $device" . one_of(('') x 16, ' scope link', ' scope host'));
            $target->{$address} = 1;
        }
    }
    return;
}

# Half of all addresses are of these few, so that devices share subnets and askers are on-link.
sub random_addresses {
    my ($h, $devices, $ip) = @_;
    my (%target, %target6);
    sensible_addresses($h, $devices, $ip, \%target) if $h->{sensible};
    for my $device (@$devices, 'lo') {
        for (1 .. ($h->{sensible} ? 0 : int rand 3)) {
            my $address = '10.' . (1 + int rand 3) . '.0.' . (1 + int rand 12);
            my $scope   = one_of('', '', '', ' scope link', ' scope host');
            if (chance(0.15)) {
                my $peer = '10.' . (1 + int rand 3) . '.0.' . (20 + int rand 4);
                $ip->("addr add $address peer $peer/" . one_of(32, 32, 24) . " dev $device$scope");
                $target{$peer} = 1;
            } else {
                $ip->("addr add $address/" . one_of(24, 24, 24, 32, 16) . " dev $device$scope");
            }
            $target{$address} = 1;
        }
        next if !chance(0.4);
        my $k = $h->{sensible} ? subnet_of($h, $device) : 1 + int rand 3;
        my $address = sprintf '2001:db8:%d::%x', $k, 1 + int rand 12;
        $ip->("addr add $address/" . one_of(64, 64, 128) . " dev $device nodad");
        $target6{$address} = 1;
    }
    if (chance(0.1)) {
        my $device = one_of(@$devices);
        $ip->("addr add 127.9.0.1/24 dev $device");
        $target{'127.9.0.1'} = 1;
    }
    my $subnets = $h->{sensible} ? keys %{ { map { $_ => 1 } values %{ $h->{wire} } } } : 3;
    my @others = map { '10.' . (1 + int rand $subnets) . ".0.$_" } map { 50 + int rand 10 } 1 .. 6;
    $h->{others} = \@others;
    $h->{others6} = [map { sprintf '2001:db8:%d::%x', 1 + int rand 3, 0x50 + int rand 10 } 1 .. 3];
    $h->{targets} = [sort(keys %target), @others, qw(127.0.0.5 224.0.0.5 10.1.0.255 255.255.255.255 203.0.113.9 0.0.0.0)];
    $h->{targets6} = [sort(keys %target6), @{ $h->{others6} }, '2001:db8:1::'];
    $h->{senders} = [
        qw(0.0.0.0 10.1.0.200 10.2.0.200 10.3.0.200 198.51.100.7),
        (sort keys %target)[0] // (), one_of(@others)];
    $h->{senders6} = [qw(2001:db8:1::200 fe80::200)];
    return;
}

# Addresses that are on no device (AnyIP), some in a table that only a rule leads to; also those that neighbours would have.
sub random_local_routes {
    my ($h, $devices) = @_;
    for (0 .. chance(0.3)) {
        my $where = one_of('0.48/29', '0.48/29', '0.56/32', '0.0/29', '0.192/28');
        push @{ $h->{late} }, 'route add local 10.' . (1 + int rand 3) . ".$where dev " . one_of('lo', 'lo', one_of(@$devices))
            . one_of('', '', ' table main', ' table local', ' table 100');
    }
    return;
}

sub random_routes {
    my ($h, $devices, $ip) = @_;
    my $late = $h->{late};
    my %seen;
    for my $other (grep { !$seen{$_}++ } @{ $h->{others} }) {
        my $device = one_of(@$devices);
        my $table  = chance(0.1) ? ' table 100' : '';
        push @$late, "route add $other dev $device scope link$table" if chance(0.6);
        push @$late, 'route add ' . one_of(qw(blackhole unreachable prohibit)) . " $other metric 9" if chance(0.1);
        push @$late, "neigh add proxy $other dev " . one_of(@$devices) if chance(0.5);
        # A guest's address that is bound on several cards, its route leads elsewhere.
        if ($h->{sensible} && chance(0.3)) {
            my ($guest) = grep { !$h->{wire}{$_} && !$h->{master}{$_} } @$devices;
            push @$late, map { "neigh add proxy $other dev $_" } some(0.8, sort keys %{ $h->{wire} });
            push @$late, "route replace $other dev $guest scope link" if defined $guest;
        }
        if (chance(0.03)) {
            push @$late, "neigh add proxy $other";
            push @entries, $other;
        }
    }
    random_local_routes($h, $devices) if chance($h->{sensible} ? 0.15 : 0.3);
    push @$late, 'route add 10.' . (1 + int rand 3) . '.0.0/24 dev ' . one_of(@$devices) . ' metric 5' if chance(0.4);
    push @$late, 'route add default dev ' . one_of(@$devices) if chance(0.4);
    push @$late, "route add 203.0.113.0/24 nexthop dev " . one_of(@$devices) . ' nexthop dev ' . one_of(@$devices)
        if chance(0.15);
    my %seen6;
    for my $other (grep { !$seen6{$_}++ } @{ $h->{others6} }) {
        push @$late, "route add $other dev " . one_of(@$devices) if chance(0.5);
        push @$late, "neigh add proxy $other dev " . one_of(@$devices) if chance(0.6);
    }
    # Once there was a rule, local and main are two tables for ever.
    push @$late, 'rule add pref 101 lookup main', 'rule del pref 101' if chance(0.2);
    return if chance(0.6);
    for my $i (1 .. 1 + int rand 3) {
        my $what = one_of('from 10.1.0.0/24', 'to 10.2.0.0/24', 'iif ' . one_of(@$devices), 'ipproto udp', 'from all',
            'ipproto icmp', 'oif ' . one_of(@$devices), 'not from 10.1.0.0/24', 'iif lo');
        my $to = one_of('lookup 100', 'lookup 100', 'lookup main', 'blackhole', 'unreachable', 'prohibit');
        push @$late, 'rule add pref ' . (100 + $i) . " $what $to";
    }
    push @$late, 'route add 10.' . (1 + int rand 3) . '.0.0/24 dev ' . one_of(@$devices) . ' table 100' if chance(0.6);
    push @{ $h->{rules6} }, 'rule add pref 100 ' . one_of('iif ' . one_of(@$devices), 'from 2001:db8:1::/64') . ' '
        . one_of(qw(blackhole prohibit)) if chance(0.5);
    push @{ $h->{rules6} }, 'rule add pref 200 lookup local', 'rule del pref 0' if chance(0.5);
    # The table local need not come first.
    push @$late, 'rule add pref 200 lookup local', 'rule del pref 0' if chance(0.3);
    return;
}

sub random_names {
    my ($h, @devices) = @_;
    $h->{names} = $can_names && chance(0.15) ? [some(0.3, @devices)] : [];
    return;
}

# ---- in namespaces -----------------------------------------------------------------------------------------------

sub run_batch {
    my ($namespace, $program, @lines) = @_;
    open my $batch, '|-', "$program -n $namespace -force -batch - >/dev/null 2>&1" or die "$program: $!\n";
    print $batch map { "$_\n" } @lines;
    close $batch;    # Some lines make no sense on some hosts: what is there then is what counts.
    return;
}

sub set_values {
    my ($namespace, @values) = @_;
    open my $sh, '|-', "ip netns exec $namespace sh 2>/dev/null" or die "sh: $!\n";
    print $sh map { "[ ! -e /proc/sys/$_->[1] ] || echo $_->[0] >/proc/sys/$_->[1]\n" } @values;
    close $sh;
    return;
}

# Devices with a carrier that no qdisc serves yet drop what they send.
sub settle {
    my ($namespace) = @_;
    for (1 .. 100) {
        my $links = decode_json(`ip -n $namespace -j link`);
        return if !grep {
            my %f = map { $_ => 1 } @{ $_->{flags} };
            $f{UP} && $f{LOWER_UP} && ($_->{qdisc} eq 'noop' || $_->{operstate} eq 'DOWN')
        } @$links;
        sleep 0.02;
    }
    return;
}

sub make_host {
    my ($h) = @_;
    system('ip', 'netns', 'add', $_) == 0 or die "ip netns add $_ failed\n" for $host, $lan;
    set_values($lan, [1, 'net/ipv6/conf/all/disable_ipv6'], [1, 'net/ipv6/conf/default/disable_ipv6']);
    set_values($host, map { [0, $_] } qw(net/ipv6/conf/all/accept_dad net/ipv6/conf/default/accept_dad
        net/ipv6/conf/default/router_solicitations net/ipv4/conf/all/rp_filter net/ipv4/conf/default/rp_filter));
    my @born = map { /^(\S+)/ ? $1 : () } grep { !/ dev / } `ip -n $host neigh show proxy`;
    run_batch($host, 'ip', map { "neigh del proxy $_" } @born);
    run_batch($host, 'ip', grep { /^link add/ } @{ $h->{ip} });
    run_batch($lan, 'ip', @{ $h->{lan} });
    set_values($host, @{ $h->{set} });
    run_batch($host, 'ip', (grep { !/^link add/ } @{ $h->{ip} }), @{ $h->{late} });
    run_batch($host, 'ip -6', @{ $h->{rules6} }) if @{ $h->{rules6} // [] };
    run_batch($host, 'bridge', @{ $h->{vlans} }) if @{ $h->{vlans} // [] };
    settle($host);
    settle($lan);
    # A port that gets its carrier forwards, whatever was said before.
    run_batch($host, 'bridge', @{ $h->{last} }) if @{ $h->{last} };
    return;
}

sub end_host {
    return if !defined $host;
    run_batch($host, 'ip', map { "neigh del proxy $_" } @entries) if @entries;
    @entries = ();
    system("ip netns del $_ 2>/dev/null") for $host, $lan;
    undef $host;
    return;
}

# ---- questions ---------------------------------------------------------------------------------------------------

sub judge_check {
    my ($number, $h) = @_;
    my @shown;
    my $judge = Judge->new(with_probe => $number % 40 == 37, host => $host, lan => $lan, random => $h, reach => $reach_program, guestarp => $guestarp,
        root => $root, ask => \&ask_wire, count => \%count);
    @shown = $judge->judge();
    $judge->done();
    if (@shown) {
        print "# host $number of seed $judge_seed, check:\n", map { "#   $_\n" } @shown;
        print_host($h);
    }
    $count{check_wrong}++ if @shown;
    return;
}

# [asker's device, the host's device, sender, target]
sub questions_of {
    my ($h) = @_;
    my @questions;
    for my $asker (sort keys %{ $h->{asker} }) {
        my $device = $h->{asker}{$asker};
        for my $sender (@{ $h->{senders} }) {
            my %seen;
            push @questions, map { [$asker, $device, $sender, $_] } grep { !$seen{$_}++ } @{ $h->{targets} };
        }
        for my $sender (@{ $h->{senders6} }) {
            my %seen;
            push @questions, map { [$asker, $device, $sender, $_] } grep { !$seen{$_}++ } @{ $h->{targets6} };
        }
    }
    return @questions;
}

sub lines_until_dot {
    my ($handle) = @_;
    my @lines;
    while (1) {
        my $line = <$handle> // die "a program has ended\n";
        chomp $line;
        return @lines if $line eq '.';
        push @lines, $line;
    }
}

sub ask_wire {
    print {$wire_in} map({ "ask $lan $_->[0] $_->[2] $_->[3]\n" } @_), "go $quiet\n";
    return lines_until_dot($wire_out);
}

sub ask_model {
    my ($in, $out, $word, @questions) = @_;
    print {$in} map({ "ask $_->[1] $_->[2] $_->[3]\n" } @questions), "$word\n";
    return lines_until_dot($out);
}

# Further models, such as broken ones: how often each says other than the wire where the library's is right.
my %others = map { (m{([^/]+)$})[0] => { program => $_, different => 0 } } split / /, $ENV{GUESTARP_MODELS} // '';

sub compare_others {
    my ($h, $wire, $model, @questions) = @_;
    for my $other (map { $others{$_} } sort keys %others) {
        next if $other->{different};
        my $pid = open2(my $out, my $in, $other->{program}, $host);
        print {$in} map { "wire $_ $h->{wire}{$_}\n" } sort keys %{ $h->{wire} };
        my @said = ask_model($in, $out, 'go', @questions);
        close $in;
        waitpid $pid, 0;
        $other->{different} = grep {
            $said[$_] !~ /^\?/ && macs($said[$_]) ne macs($wire->[$_]) && macs($model->[$_]) eq macs($wire->[$_])
        } 0 .. $#questions;
    }
    return;
}

sub macs { my %seen; return join ',', sort grep { !$seen{$_}++ } split /,/, $_[0] }

# The questions that the two answer differently, each with both answers.
sub compare {
    my ($h, $in, $out, @questions) = @_;
    my @model = ask_model($in, $out, 'go', @questions);
    my @wire  = ask_wire(@questions);
    compare_others($h, \@wire, \@model, @questions);
    my @different;
    for my $i (0 .. $#questions) {
        if ($model[$i] =~ /^\? (.*)/) {
            push @{ $questions[$i] }, 'unknown', $1 if @{ $questions[$i] } == 4;
            print "# unknown: @{ $questions[$i] }[0 .. 3]\n" if $ENV{GUESTARP_UNKNOWN};
            next;
        }
        $count{answers}++ if $wire[$i] ne '-';
        push @different, [@{ $questions[$i] }[0 .. 3], $wire[$i], $model[$i]] if macs($wire[$i]) ne macs($model[$i]);
    }
    return @different;
}

sub show {
    my ($number, $h, $in, $out, @different) = @_;
    my @why = ask_model($in, $out, 'why', @different);
    printf "# host %d of seed %d: %d differences\n", $number, $seed, scalar @different;
    for my $i (0 .. ($#different < $shown - 1 ? $#different : $shown - 1)) {
        my ($asker, $device, $sender, $target, $wire, $model) = @{ $different[$i] };
        print "#   $asker (on $device) with $sender asks for $target: the wire says $wire, the model $model\n";
        print "#     $why[$i]\n";
    }
    print_host($h);
    return;
}

sub print_host {
    my ($h) = @_;
    print map { "#   | $_\n" } @{ $h->{ip} }, (map { "$_->[1] = $_->[0]" } @{ $h->{set} }), @{ $h->{late} },
        (map { "-6 $_" } @{ $h->{rules6} // [] }),
        map { "bridge $_" } @{ $h->{vlans} // [] }, @{ $h->{last} };
    return;
}

sub try_host {
    my ($number) = @_;
    my $sensible = $every && $number % $every == 1;
    srand(($sensible ? $judge_seed : $seed) * 100_003 + $number);
    ($host, $lan) = ("h$number.$$", "l$number.$$");
    my $h = random_host($sensible);
    make_host($h);
    my $pid = open2(my $out, my $in, $model_program, $host);
    print {$in} map { "wire $_ $h->{wire}{$_}\n" } sort keys %{ $h->{wire} };
    if (@{ $h->{names} }) {
        print {$in} "quiet @{ $h->{names} }\n";
        lines_until_dot($out);
    }
    print {$wire_in} "open $lan\n";
    my @questions = $judged ? () : questions_of($h);
    my @different = compare($h, $in, $out, @questions);
    $count{questions} += @questions;
    $count{unknown}   += grep { @$_ > 4 } @questions;
    $unknown{ $_->[5] }++ for grep { @$_ > 4 } @questions;
    if (@different) {
        $count{again}++;
        sleep 0.7;
        @different = compare($h, $in, $out, map { [@$_[0 .. 3]] } @different);
    }
    show($number, $h, $in, $out, @different) if @different;
    judge_check($number, $h) if $h->{sensible} && $guestarp;
    print {$wire_in} "close $lan\n";
    close $in;
    close $out;
    waitpid $pid, 0;
    die "the model's program failed on host $number of seed $seed\n" if $?;
    end_host();
    return scalar @different;
}

local $SIG{TERM} = local $SIG{INT} = sub { end_host(); exit 1 };
my $wire_pid = open2($wire_out, $wire_in, $wire_program);
my ($failed, $lasting, $start) = (0, 0, time);
%count = map { $_ => 0 } qw(questions unknown answers again judged check_wrong);
print "# seed $seed; besides veths and bridges: ", (join(', ', sort keys %can) || 'nothing'), "\n";
my $done = eval {
    for (@numbers) {
        my $n = try_host($_);
        $lasting += $n;
        $failed++ if $n;
    }
    1;
};
print "# $@" if !$done;
end_host();
printf "# %d hosts, %d questions, %d with an answer, %d unknown, %d hosts asked twice, %.0f s\n", scalar @numbers,
    @count{qw(questions answers unknown again)}, time - $start;
print map { "#   check: $count{$_} $_\n" } sort grep { /[: ]/ } keys %count;
print map { "#   model $_: $others{$_}{different} differences\n" } sort keys %others;
print map { "#   unknown: $unknown{$_} because $_\n" } sort keys %unknown;

my $n = 0;
my $ok = sub {
    my ($is, $what) = @_;
    printf "%s %d - %s\n", $is ? 'ok' : 'not ok', ++$n, $what;
};
print "1..4\n";
$ok->($done && !$failed, sprintf 'the model says what the wire says on %d hosts (%d lasting differences)', scalar @numbers,
    $lasting);
$ok->($count{answers} >= $count{questions} / 50, 'enough questions are answered at all');
# One host alone may be all multipath. That "unknown" is right: the hash that takes a next hop has a secret of the kernel's, and for
# ARP it is made of bytes of the frame, the asker's MAC among them, so that no look-up tells it (ip_mkroute_input(),
# fib_multipath_hash()).
$ok->(@numbers < 10 || $count{unknown} <= $count{questions} * $model_loss, "the model knows all but $count{unknown} answers");
$ok->(!$count{check_wrong} && (!$every || $count{judged} || @numbers < 20),
    "check finds what the wire shows, and its commands end that and nothing else, on $count{judged} hosts");
exit($failed || $count{check_wrong} || !$done);
