# A random host for harm.t: its LANs, bridges, guests and policy, as data. Nothing here has been seen by guestarp.
#
#   my $host = HarmHost::random($seed, $number);
#   my ($red, $blue) = HarmHost::twins($seed, $number);    in two VRFs of one kernel, with the same addresses
#
# lans     [{ v4, v6 }]: the client beyond has the first address of both and is its gateway
# devices  name => { lan, master, addresses, over }: network cards; over: a "vlan" on one, or a "bond" of two
# bridges  name => { kind, lan, addresses }: lan is undef for none
# routes   [ prefix, device, gateway ]: what the administrator has set up beside
# entries  [ device, address ]: so are these proxy entries
# guests   [{ kind, id, nics, policy ... }]; nic { n, bridge, firewall, mac, port, conf, real, gateways, routed }
#          conf: its addresses as the configuration has them, real: as the guest has them

package HarmHost;

use strict;
use warnings;

sub pick  { return $_[rand @_] }
sub maybe { return rand() < $_[0] }

my @KINDS = qw(subnet onlink routed shared firewall);

sub random {
    my ($seed, $number) = @_;
    srand $seed;
    return host(number => $number, kind => $number, vrf => '', nth => 0, tail => '', rp_filter => pick(0, 2));
}

sub twins {
    my ($seed, $number) = @_;
    srand $seed;
    my %both = (number => $number, rp_filter => pick(0, 2), all_managed => maybe(0.3));
    my $alike = maybe(0.7);
    srand $seed;
    my $red = host(%both, vrf => 'red', nth => 0, tail => 'r', kind => $number);
    srand $seed if $alike;
    my @twins = ($red, host(%both, vrf => 'blue', nth => 1, tail => 'b', kind => $number + !$alike));
    for my $h (@twins) {
        $h->{devices}{$_}{over} = pick('', 'vlan', 'bond') for sort keys %{ $h->{devices} };
    }
    return @twins;
}

sub host {
    my $h = {
        @_,
        x          => 0,
        devices    => {},
        bridges    => {},
        routes     => [],
        entries    => [],
        guests     => [],
        lans       => [{ v4 => '192.0.2', v6 => '2001:db8' }],
        lan_routes => [],
        policy     => {} };
    # Each kind in a fifth of all hosts, and in some of the others.
    $h->{flags} = { map { $_ => $KINDS[$h->{kind} % 5] eq $_ || maybe(0.1) } @KINDS };
    delete @{ $h->{flags} }{qw(subnet onlink routed shared)}         if $h->{flags}{firewall};
    push @{ $h->{lans} }, { v4 => '198.51.100', v6 => '2001:db8:1' } if maybe(0.5);
    cards($h);
    bridges($h);
    my $count = 1 + int rand($h->{vrf} ? 3 : 6);
    $count = 2 if $count < 2 && ($h->{flags}{shared} || $h->{flags}{firewall});
    guest($h, $_) for 0 .. $count - 1;
    share($h)                  if $h->{flags}{shared};
    delete $h->{flags}{routed} if !grep { $_->{routed} } map { @{ $_->{nics} } } @{ $h->{guests} };
    policy($h);
    entries($h);

    # An entry counts as the guest's whose address and device it has, no matter who made it: of two such guests, of whichever
    # starts first, also where the other one is not managed.
    my %count;
    $count{ s{/.*}{}r }++ for map { @{ $_->{conf} } } map { @{ $_->{nics} } } @{ $h->{guests} };
    $h->{entries} = [grep { $count{ $_->[1] } == 1 } @{ $h->{entries} }];
    for my $list (qw(routes entries)) {
        my %seen;
        $h->{$list} = [grep { !$seen{"@{$_}[0, 1]"}++ || $_->[0] eq 'default' } @{ $h->{$list} }];
    }
    return $h;
}

# ---- the host's own devices ----------------------------------------------------------------------------

sub cards {
    my ($h) = @_;
    my $f = $h->{flags};
    my ($card, $bridge) = map { $_ . $h->{tail} } pick(qw(eth0 eno1 enp3s0f0 wan.0 tapnic0 lan)),
      pick(qw(vmbr0 br-lan vmbr0 x br.0));
    my $inside = "vmbr1$h->{tail}";
    $h->{devices}{$card} = { lan => 0 };
    if ($f->{firewall}) {
        # The host has no address but behind its own guest.
        $h->{devices}{$card}{master} = $bridge;
        $h->{bridges}{$bridge}       = { kind => 'lan',    lan => 0, addresses => [] };
        $h->{bridges}{$inside}       = { kind => 'inside', addresses => ['10.1.0.2/24'] };
        $h->{lan_routes}             = [['10.0.0.0/8', '192.0.2.9']];
        push @{ $h->{routes} }, ['default', $inside, '10.1.0.1'];
        $h->{main} = $bridge;
    } else {
        my $addresses = ['192.0.2.2/24', $f->{onlink} ? '2001:db8::2/128' : '2001:db8::2/64'];
        if (maybe($f->{subnet} || $f->{onlink} ? 0.3 : 0.6)) {
            $h->{devices}{$card}{master} = $bridge;
            $h->{bridges}{$bridge}       = { kind => 'lan', lan => 0, addresses => $addresses };
            $h->{main}                   = $bridge;
        } else {
            $h->{devices}{$card}{addresses} = $addresses;
            $h->{main} = $card;
        }
        push @{ $h->{routes} }, ['2001:db8::1/128', $h->{main}] if $f->{onlink};
        push @{ $h->{routes} }, ['default', $h->{main}, '192.0.2.1'], ['default', $h->{main}, '2001:db8::1'];
        $h->{lan_routes} = [['10.0.0.0/8', '192.0.2.2'], ['203.0.113.0/24', '192.0.2.2'], ['fd00::/8', '2001:db8::2']];
    }
    $h->{devices}{"eth3$h->{tail}"} = { lan => 1, addresses => ['198.51.100.3/24', '2001:db8:1::3/64'] }
      if $h->{lans}[1] && maybe(0.6);
    # Two more cards in the first LAN.
    if (!$f->{firewall} && maybe(0.15)) {
        $h->{flux}          = 1;
        $h->{devices}{"eth4$h->{tail}"} = { lan => 0, addresses => ['192.0.2.4/24'] };
        $h->{devices}{"eth5$h->{tail}"} = { lan => 0, addresses => ['192.0.2.5/24'] };
    }
    return;
}

sub bridges {
    my ($h)   = @_;
    my $f     = $h->{flags};
    my @kinds = grep { $f->{$_} && !$f->{firewall} } qw(subnet onlink);
    my @more  = ('private', 'l2', $f->{firewall} ? () : qw(slash32 routed29), $h->{lans}[1] ? 'lan1' : ());
    push @kinds, pick(@more)
      while keys(%{ $h->{bridges} }) + @kinds < 1 || (keys(%{ $h->{bridges} }) + @kinds < 4 && maybe(0.4));
    for my $kind (@kinds[0 .. ($#kinds > 3 ? 3 : $#kinds)]) {
        last if keys %{ $h->{bridges} } >= 4;
        my $k    = 2 + keys %{ $h->{bridges} };
        my $name = pick("vmbr$k", "br_$k", "a$k.b", "vmbr${k}v2") . $h->{tail};
        my $b    = $h->{bridges}{$name} = { kind => $kind, k => $k };
        if    ($kind eq 'private')  { $b->{addresses} = ["10.$k.0.1/24",  "fd00:$k\::1/64"] }
        elsif ($kind eq 'subnet')   { $b->{addresses} = ['192.0.2.65/26', '2001:db8:0:0:80::1/80'] }
        elsif ($kind eq 'onlink')   { $b->{addresses} = ["10.$k.0.1/24",  '2001:db8::3/64'] }
        elsif ($kind eq 'slash32')  { $b->{addresses} = ['192.0.2.2/32',  '2001:db8::2/128'] }
        elsif ($kind eq 'routed29') { $b->{addresses} = ['203.0.113.' . (8 * $k + 1) . '/29'] }
        elsif ($kind eq 'lan1') {
            @$b{qw(kind lan addresses)} = ('lan', 1, maybe(0.5) ? ['198.51.100.2/24', '2001:db8:1::2/64'] : []);
            $h->{devices}{"up$k$h->{tail}"} = { lan => 1, master => $name };
        } else {
            $b->{addresses} = [];
        }
        # One of a kind is enough of those with the host's fixed addresses.
        @more = grep { $_ ne $kind } @more if $kind =~ /slash32|lan1/;
        push @kinds, pick(@more) if @kinds < 2 && @more && maybe(0.5);
    }
    return;
}

# ---- guests ----------------------------------------------------------------------------

# The addresses that an administrator would give a guest there.
sub addresses {
    my ($h, $name) = @_;
    my $b   = $h->{bridges}{$name};
    my $x   = ++$h->{x};
    my $lan = $h->{lans}[$b->{lan} // 0];
    my $six = sprintf '%x', 0x100 + $x;
    if ($b->{kind} eq 'lan') {
        my $v6 = $h->{flags}{onlink} && !$b->{lan} ? () : "$lan->{v6}\::$six/64";
        return ([$lan->{v4} . '.' . (9 + $x) . '/24', $v6 // ()], ["$lan->{v4}.1", $v6 ? "$lan->{v6}\::1" : ()]);
    }
    return (['10.1.0.' . (9 + $x) . '/24'],                                 ['10.1.0.1']) if $b->{kind} eq 'inside';
    return (["10.$b->{k}.0." . (9 + $x) . '/24', "fd00:$b->{k}\::$six/64"], ["10.$b->{k}.0.1", "fd00:$b->{k}\::1"])
      if $b->{kind} eq 'private';
    return (['192.0.2.' . (66 + $x) . '/26', "2001:db8:0:0:80::$six/80"], ['192.0.2.65', '2001:db8:0:0:80::1'])
      if $b->{kind} eq 'subnet';
    return (["10.$b->{k}.0." . (9 + $x) . '/24', "2001:db8::1:$six/64"], ["10.$b->{k}.0.1", '2001:db8::3'])
      if $b->{kind} eq 'onlink';
    return (['192.0.2.' . (130 + $x) . '/32', "2001:db8::2:$six/128"], ['192.0.2.2', '2001:db8::2'])
      if $b->{kind} eq 'slash32';
    return (['203.0.113.' . (8 * $b->{k} + 2 + $x % 5) . '/29'], ['203.0.113.' . (8 * $b->{k} + 1)])
      if $b->{kind} eq 'routed29';
    return (["10.99.$b->{k}." . (9 + $x) . '/24'], []);
}

my @INSANE = ('224.0.0.5/32', '127.0.0.1/8', '169.254.7.7/16', 'fe80::7/64', '192.0.2.2/32', '0.0.0.0/0');
# The LAN's router's. A host behind its own guest has another gateway, and no program there can see whose they are.
my @ROUTER = ('192.0.2.1/24', '2001:db8::1/64');

sub guest {
    my ($h, $index) = @_;
    my $kind     = pick(qw(ct ct vm vm lxc));
    my $firewall = $h->{flags}{firewall} && $index == 0;
    my $routed   = $h->{flags}{routed}   && $index <= 1;
    $kind = $index ? pick(qw(vm lxc)) : 'vm' if $routed;
    $kind = pick(qw(vm ct))                  if $firewall;
    my $id =
      $kind eq 'lxc'
      ? pick('web', 'a.json.b', 'x-1_y', 'VM') . $index . $h->{tail}
      : 101 + $h->{nth} * 1000 + $index * 7 + (maybe(0.15) ? 200_000_000 : 0);
    my $g = {
        index    => $index,
        ns       => $firewall ? 'fw' : "g$index",
        kind     => $kind,
        id       => $id,
        managed  => maybe(0.85),
        nics     => [],
        policy   => {},
        announce => 1 };
    my @names = sort keys %{ $h->{bridges} };
    my $count = $firewall ? 2 : $routed ? 1 : pick(1, 1, 1, 2, 2, 3);

    for my $n (0 .. $count - 1) {
        my $bridge = $firewall ? ($h->{main}, "vmbr1$h->{tail}")[$n] : pick(@names);
        my $nic    = {
            n        => $n,
            bridge   => $bridge,
            firewall => $kind ne 'lxc' && maybe(0.6),
            mac      => sprintf('02:9e:%02x:%02x:%02x:00', 2 * $h->{nth}, $index, $n),
            port     => $kind eq 'ct' ? "veth${id}i$n"
            : $kind eq 'vm' ? "tap${id}i$n"
            :                 pick("w$index.$n", "P-${index}_$n", "veth$index$n") . $h->{tail} };
        my ($conf, $gateways) =
          $firewall ? ([('192.0.2.9/24', '10.1.0.1/24')[$n]], [$n ? () : '192.0.2.1']) : addresses($h, $bridge);
        # Others are reached through it: who shares its address with it takes them along, with guestarp as without.
        $nic->{vital} = 1 if $firewall;
        if ($routed) {
            $nic->{routed}   = 1;
            $nic->{firewall} = 0;
            $conf            = ['192.0.2.' . (160 + ++$h->{x}) . '/32'];
            $gateways        = ['10.255.0.1'];
            $nic->{bridge}   = '' if $kind eq 'lxc' || maybe(0.5);
        }
        @$nic{qw(conf real gateways)} = ($conf, [@$conf], $n && !$firewall ? [] : $gateways);
        spoil($h, $nic) if !$firewall && !$routed && maybe(0.3);
        push @{ $g->{nics} }, $nic;
    }
    push @{ $h->{guests} }, $g;
    return;
}

# What is wrong, or at least odd.
sub spoil {
    my ($h, $nic) = @_;
    my $how    = pick(qw(missing hidden insane foreign overlap overlap));
    # Not the firewall's, through which others are reached: who of two keeps an address when one of them stops is open.
    my @others = grep { @{ $_->{conf} } && !$_->{vital} } map { @{ $_->{nics} } } @{ $h->{guests} };
    if    ($how eq 'missing') { @$nic{qw(conf real gateways)} = ([], [], []) }
    elsif ($how eq 'hidden')  { $nic->{conf}                  = [] }
    elsif ($how eq 'insane')  { @$nic{qw(conf real gateways)} = ([pick(@INSANE, $h->{flags}{firewall} ? () : @ROUTER)], [], []) }
    elsif ($how eq 'foreign') {
        @$nic{qw(conf real)} =
          ([pick('198.18.0.7/32', '192.0.2.222/32', '10.2.0.222/24', '203.0.113.99/32', '2001:db8:9::7/64')]) x 2;
        $nic->{gateways} = [];
    }
    elsif (@others) {
        my $other = pick(@others);
        my %insane = map { $_ => 1 } @INSANE, @ROUTER;
        $nic->{conf} = [@{ $other->{conf} }];
        my $taken = maybe(0.5) && !grep { $insane{$_} } @{ $other->{conf} };
        @$nic{qw(real gateways)} = $taken ? ([@{ $other->{conf} }], [@{ $other->{gateways} }]) : ([], []);
        $nic->{gateways} = [] if $nic->{n} || $other->{routed};
    }
    $nic->{spoilt} = $how;
    return;
}

# Failover: two guests have one address beside their own, routed through their bridges.
sub share {
    my ($h) = @_;
    my @inside = grep { !defined $h->{bridges}{$_}{lan} } sort keys %{ $h->{bridges} };
    if (!@inside && keys %{ $h->{bridges} } >= 4) {
        delete $h->{flags}{shared};
        return;
    }
    if (!@inside) {
        @inside = ("vmbr9$h->{tail}");
        $h->{bridges}{ $inside[0] } = { kind => 'private', k => 9, addresses => ['10.9.0.1/24', 'fd00:9::1/64'] };
    }
    my $bridge = pick(@inside);
    $h->{shared} = '192.0.2.250';
    push @{ $h->{routes} }, ["$h->{shared}/32", $bridge];
    for my $g (@{ $h->{guests} }[0, 1]) {
        my $nic = $g->{nics}[0];
        delete @$nic{qw(routed spoilt)};
        @$nic{qw(bridge conf real gateways)} = ($bridge, ["$h->{shared}/32"], ["$h->{shared}/32"], ['192.0.2.2']);
        @$g{qw(managed shares)}              = (1, 1);
    }
    return;
}

# ---- policy ----------------------------------------------------------------------------

sub policy {
    my ($h) = @_;
    my @on_lans = grep { my $d = $h->{devices}{$_} // $h->{bridges}{$_}; defined $d->{lan} && !$d->{master} }
      sort(keys %{ $h->{devices} }, keys %{ $h->{bridges} });
    $h->{all_managed} //= maybe(0.3);
    for my $g (@{ $h->{guests} }) {
        my %kinds = map { ($_->{bridge} ne '' ? $h->{bridges}{ $_->{bridge} }{kind} : 'routed') => 1 } @{ $g->{nics} };
        my $proxied = grep { $kinds{$_} } qw(subnet onlink slash32);
        $proxied ||= $g->{nics}[0]{routed} || $g->{shares};
        my $p = $g->{policy};
        $g->{managed} ||= $h->{all_managed};
        $p->{device} =
            $proxied && maybe(0.85) ? $h->{main}
          : maybe(0.4)              ? pick(@on_lans, @on_lans, sort(keys %{ $h->{bridges} }), 'eth9')
          :                           undef;
        $p->{device} = undef if !sensible($h, $g, $p->{device});
        # The way towards it: by policy or by the administrator.
        my @bridged = grep { !$_->{routed} && $_->{bridge} ne '' } @{ $g->{nics} };
        @bridged = grep { ($_->{spoilt} // '') !~ /insane|overlap/ } @bridged;
        my @far     = grep { $h->{bridges}{ $_->{bridge} }{kind} eq 'slash32' } @bridged;
        $g->{route_by} = pick(qw(policy administrator));
        if    (@far && $g->{route_by} eq 'policy')   { $p->{route} = $far[0]{bridge} }
        elsif (maybe(0.1) && !$g->{nics}[0]{routed}) { $p->{route} = pick(sort keys %{ $h->{bridges} }) }
        # A host route to another guest's address leads others astray before that guest has started.
        delete $p->{route} if grep { ($_->{spoilt} // '') eq 'overlap' } @{ $g->{nics} };
        $h->{new_keys}   = 1       if maybe(0.12) && news($h, $g, \@on_lans);
        $p->{bridge_mac} = 'leave' if maybe(0.05);
        $p->{ports}      = 'leave' if maybe(0.1);

        for my $nic (@far) {
            push @{ $h->{routes} }, map { [$_, $nic->{bridge}] } grep { m{/(?:32|128)$} } @{ $nic->{conf} }
              if $g->{route_by} ne 'policy' || !$g->{managed};
        }
    }
    if ($h->{shared}) {
        $h->{new_keys} = 1;
        $h->{policy}{shared} = [$h->{shared}];
        for my $g (grep { $_->{shares} } @{ $h->{guests} }) {
            delete @{ $g->{policy} }{qw(addresses nics allowed route)};
            $g->{policy}{device} = $h->{main};
        }
    }
    $h->{policy}{devices} = { map { $_ => { arp_ignore => 1, arp_announce => 2 } } @on_lans }
      if $h->{flux} && !$h->{vrf} && maybe(0.5);
    return;
}

# A device in the very LAN in which the guest answers for itself by another bridge is a mistake that no program can see.
sub sensible {
    my ($h, $g, $device) = @_;
    return 1 if !defined $device;
    my $lan = ($h->{devices}{$device} // $h->{bridges}{$device} // {})->{lan} // return 1;
    return !grep { $_->{bridge} ne '' && $_->{bridge} ne $device && ($h->{bridges}{ $_->{bridge} }{lan} // -1) == $lan }
      @{ $g->{nics} };
}

# Keys that versions before issue 13 do not know.
sub news {
    my ($h, $g, $on_lans) = @_;
    my $what  = pick(qw(nics allowed addresses nic_addresses));
    my $nic   = pick(@{ $g->{nics} });
    my @plain = map { s{/.*}{}r } grep { !/^(?:224|127|169|fe80|0\.)/ } @{ $nic->{conf} };
    if ($what eq 'nics') {
        $g->{policy}{nics}{"net$nic->{n}"}{device} = pick(undef, grep { sensible($h, $g, $_) } @$on_lans);
    }
    elsif ($what eq 'allowed') { $g->{policy}{allowed} = ['192.0.2.0/25', '2001:db8::/48'] }
    elsif ($what eq 'nic_addresses' && @plain) { $g->{policy}{nics}{"net$nic->{n}"}{addresses} = [@plain] }
    elsif ($what eq 'addresses' && @plain) { $g->{policy}{addresses} = [@plain]; return 0 }
    return 1;
}

# Entries that were there before guestarp was: on the device that the policy chooses, alone or among others in its LAN.
sub entries {
    my ($h) = @_;
    return if maybe(0.5);
    for my $g (@{ $h->{guests} }) {
        next if !defined $g->{policy}{device} || $g->{policy}{device} ne $h->{main} || $g->{policy}{nics};
        my @devices = ($h->{main}, $h->{flux} && maybe(0.5) ? ("eth4$h->{tail}") : ());
        for my $nic (@{ $g->{nics} }) {
            next
              if $nic->{spoilt}
              || $nic->{bridge} eq $h->{main}
              || ($nic->{bridge} ne '' && $h->{bridges}{ $nic->{bridge} }{kind} !~ /subnet|onlink|slash32/);
            for my $address (grep { !/^(?:10|fd)/ } map { s{/.*}{}r } @{ $nic->{conf} }) {
                push @{ $h->{entries} }, map { [$_, $address] } @devices;
            }
        }
    }
    return;
}

1;
