#!/usr/bin/perl
# Run by harm.t in its namespaces: random hosts (HarmHost.pm), each of them twice, side by side. Side A has guestarp;
# side B is the same host, driven the same way, that never heard of it. Both have their own LANs and guests. After each
# event of each guest
#
#   law 1: every asker on every wire of side A hears exactly who is right (HarmRight.pm);
#   law 2: who is reached on side B is reached on side A, and so is who was reached there before the event.
#
# With "twins" each host has two VRFs, in each of them all of that, with the same addresses: what happens in one is to
# change nothing in the other.
#
# harm-wire asks and pings, harm-host sets what a host needs beside devices. Workers take the hosts by turns, each with
# namespaces of its own for LANs and guests.

use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/..";
use HarmHost;
use HarmRight;
use IPC::Open2;
use JSON::PP;
use Time::HiRes qw(time sleep);
use Watch;

$| = 1;
my ($wire_program, $host_program, $workers, $twins) = @ARGV;
my $build   = $ENV{GUESTARP_BUILD};
my @wrap    = split ' ', $ENV{GUESTARP_WRAP} // '';
# The same hosts each time: what fails in them is the change's. Others are tried by hand.
my $seed  = $ENV{GUESTARP_SEED}  // 10;
my $hosts   = $ENV{GUESTARP_HOSTS} // ($ENV{GUESTARP_SHORT} ? 150 : 300);
my $only    = $ENV{GUESTARP_HOST};
my @numbers = defined $only ? ($only) : 1 .. $hosts;
my $tries   = 25;
my ($worker, $root, $said, $wire_in, $wire_out, $host_in, $host_out, $pending);
my (%hold, @faults, @history, $watch);
our $vrf = ''; # whose guests and LANs are meant

# ---- helpers ----------------------------------------------------------------------------

sub ns {
    my ($side, $name) = @_;
    return "$name.$worker$side" . ($name eq 'host' ? '' : $vrf);
}

sub wire { print {$wire_in} map { "$_\n" } @_; return }

sub hear {
    my $line = <$wire_out> // die "harm-wire has ended\n";
    chomp $line;
    return $line;
}

# Done when somebody else needs it, see done().
sub host {
    return if !@_;
    print {$host_in} map { "$_\n" } @_;
    $pending = 1;
    return;
}

# All that harm-host was told is done.
sub done {
    asked('done') if $pending;
    return;
}

# What harm-host says to a command that it answers: all that it was told before is done then.
sub asked {
    print {$host_in} "@_\n";
    $pending = 0;
    return answer();
}

sub answer {
    my $line = <$host_out> // die "harm-host has ended\n";
    chomp $line;
    return $line;
}

# Each a namespace and what `ip -batch` reads; all at once.
sub batches {
    my @jobs = @_;
    my %text;
    while (my ($namespace, $text) = splice @jobs, 0, 2) {
        next if $text eq '';
        print {$host_in} "ip $namespace ", length $text, "\n$text";
        $text{$namespace} = $text;
    }
    for (my $line = asked('wait'); $line ne '.'; $line = answer()) { fault("$line:\n" . $text{ (split / /, $line)[2] }) }
    return;
}

sub both {
    my ($name, $text) = @_;
    return map { (ns($_, $name), ref $text ? $text->($_) : $text) } qw(A B);
}

sub write_file {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    return;
}

sub fault { push @faults, @_; return }

sub run {
    my ($environment, $program, @arguments) = @_;
    push @history, "  $program @arguments";
    my %environment = (
        LC_ALL        => 'C',
        PATH          => '/usr/sbin:/usr/bin:/sbin:/bin',
        GUESTARP_ROOT => $root,
        map({ defined $ENV{$_} ? ($_ => $ENV{$_}) : () } qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS)),
        %$environment);
    my @words = ((map { "$_=$environment{$_}" } sort keys %environment), @wrap, "$build/$program", @arguments);
    my $status = asked('run', ns('A', 'host'), $said, @words);
    fault("$program @arguments: wait status $status") if $status;
    return;
}

# ---- what outlives a host ----------------------------------------------------------------------------

my @GUESTS = (map({ "g$_" } 0 .. 5), 'clone', 'fw');

# A redirect (RFC 792) leads past a gateway that has stopped, and which side hears of it first is chance.
sub unredirected {
    my ($namespace) = @_;
    return map {
        my $conf = $_;
        map { "set $namespace 0 net/$_/conf/$conf/accept_redirects" } qw(ipv4 ipv6)
    } qw(all default);
}

sub place {
    my ($name, $forwarding) = @_;
    batches('-', "netns add $name\n");
    my @v4 = map {
        my $key = $_;
        map { [0, "net/ipv4/conf/$_/$key"] } qw(all default)
    } qw(rp_filter proxy_arp arp_filter log_martians);
    # Guests and LANs answer for what is on that very device.
    my @all = (
        @v4,
        [1,           'net/ipv4/conf/all/arp_ignore'],
        [2,           'net/ipv4/conf/all/arp_announce'],
        [$forwarding, 'net/ipv4/ip_forward'],
        [$forwarding, 'net/ipv6/conf/all/forwarding'],
        [0,           'net/ipv6/conf/default/accept_dad'],
        [0,           'net/ipv6/conf/all/accept_dad'],
        [0,           'net/ipv6/conf/default/router_solicitations']);
    host(unredirected($name), map { "set $name $_->[0] $_->[1]" } @all);
    wire("open $name");
    return;
}

# A machine that cannot be reached is asked for anew after a moment. Other namespaces than the first have no default for that.
sub impatient {
    my ($namespace, @devices) = @_;
    return map {
        my $d = $_;
        map { "set $namespace 40 net/$_/neigh/$d/retrans_time_ms" } qw(ipv4 ipv6)
    } @devices;
}

sub places {
    local ($vrf) = @_;
    for my $side (qw(A B)) {
        place(ns($side, $_), $_ eq 'fw' ? 1 : 0) for @GUESTS;
        for my $lan ('lan0', 'lan1') {
            place(ns($side, $lan), 0);
            batches(
                ns($side, $lan),
                "link set lo up\nlink add name lan address 02:1a:00:00:0"
                  . substr($lan, 3)
                  . ":01 type bridge mcast_snooping 0\n");
            host(impatient(ns($side, $lan), 'lan'));
        }
        batches(map { (ns($side, $_), "link set lo up\n") } @GUESTS);
    }
    return;
}

# ---- the host ----------------------------------------------------------------------------

sub address_lines {
    my ($device, @addresses) = @_;
    return map { "addr add $_ dev $device" . (/:/ ? ' nodad' : '') . "\n" } @addresses;
}

sub route_line {
    my ($to, $device, $gateway, $table) = @_;
    my $six = ($gateway // $to) =~ /:/ ? '-6 ' : '';
    my $way = ($gateway ? "via $gateway " : '') . "dev $device" . ($gateway && !$six ? ' onlink' : '');
    return "route add $to $way" . ($table ? " vrf $table" : '') . "\n";
}

sub cable {
    my ($card, $lan, $number, $nth) = @_;
    return sprintf "link add name %s group 1 address 02:0b:00:00:%02x:%02x type veth peer name p_%s netns %s\n",
      $card, $nth, $number, $card, $lan;
}

# A card, or what stands on some.
sub device_lines {
    my ($name, $lan, $number, $over) = @_;
    my $card = "c$number";
    return cable($card, $lan, $number, 0)
      . "link set dev $card up\nlink add link $card name $name group 1 type vlan id 7\n"
      if $over eq 'vlan';
    return "link add name $name group 1 type bond mode active-backup miimon 10\n" . join '',
      map { cable("$card.$_", $lan, $number, $_) . "link set dev $card.$_ master $name\n" } 0, 1
      if $over eq 'bond';
    return cable($name, $lan, $number, 0);
}

# The other ends, as ports of the LAN's bridge.
sub port_lines {
    my ($name, $number, $over) = @_;
    my $card  = "p_c$number";
    my @ports = $over eq 'bond' ? ("$card.0", "$card.1") : ("p_$name");
    my $tagged =
      $over eq 'vlan' ? "link set dev $card up\nlink add link $card name @ports type vlan id 7\n" : '';
    return $tagged . join '', map { "link set dev $_ master lan\nlink set dev $_ up\n" } @ports;
}

sub host_up {
    my ($h) = @_;
    local $vrf = $h->{vrf};
    my $devices = $h->{devices};
    my @cards   = sort keys %$devices;
    my %number;
    @number{@cards} = map { 100 * $h->{nth} + $_ } 1 .. @cards;
    my $in_vrf = sub { return $vrf ? "link set dev $_[0] master $vrf\n" : '' };
    host(
        map {
            my $n = ns($_, 'host');
            (   unredirected($n),
                "set $n 0 net/ipv4/conf/all/arp_ignore",
                "set $n 0 net/ipv4/conf/all/arp_announce",
                "set $n $h->{rp_filter} net/ipv4/conf/all/rp_filter",
                "set $n $h->{rp_filter} net/ipv4/conf/default/rp_filter",
                "set $n 0 net/ipv4/conf/default/arp_ignore",
                "set $n 1 net/ipv6/conf/default/disable_ipv6")
        } qw(A B));
    my $text = sub {
        my ($side) = @_;
        my $out = "link set lo up\n";
        $out .= "link add name $vrf group 1 type vrf table " . (10 + $h->{nth}) . "\nlink set dev $vrf up\n" if $vrf;
        $out .= "link add name $_ group 1 type bridge mcast_snooping 0\n" . $in_vrf->($_)
          for sort keys %{ $h->{bridges} };
        for my $name (@cards) {
            my $d = $devices->{$name};
            $out .= device_lines($name, ns($side, "lan$d->{lan}"), $number{$name}, $d->{over} // '');
            $out .= $d->{master} ? "link set dev $name master $d->{master}\n" : $in_vrf->($name);
            $out .= "link set dev $name up\n";
        }
        $out .= "link set dev $_ up\n" for sort keys %{ $h->{bridges} };
        return $out;
    };
    batches(both('host', $text));
    my @devices = sort(@cards, keys %{ $h->{bridges} });
    host(
        map {
            my $n = ns($_, 'host');
            map({ "set $n 0 net/ipv6/conf/$_/disable_ipv6" } @devices), impatient($n, @devices)
        } qw(A B));
    # The policy's own wish is no harm, whatever it costs. There nobody is reached by a firewall bridge's wrong answers.
    my %wish = %{ $h->{policy}{devices} // {} };
    for my $device (sort keys %wish, %wish ? 'default' : ()) {
        my $values = $wish{$device} // { arp_ignore => 1 };
        host(map { 'set ' . ns('B', 'host') . " $values->{$_} net/ipv4/conf/$device/$_" } sort keys %$values);
    }
    my $later = '';
    for my $name (@devices) {
        $later .= join '', address_lines($name, @{ ($devices->{$name} // $h->{bridges}{$name})->{addresses} // [] });
    }
    $later .= route_line(@$_[0 .. 2], $vrf)           for @{ $h->{routes} };
    $later .= "neigh add proxy $_->[1] dev $_->[0]\n" for @{ $h->{entries} };
    my @lans;
    for my $n (0 .. $#{ $h->{lans} }) {
        my $lan   = $h->{lans}[$n];
        my $lines = join '', "addr flush dev lan\nlink set dev lan down\n",
          map({ port_lines($_, $number{$_}, $devices->{$_}{over} // '') } grep { $devices->{$_}{lan} == $n } @cards),
          "link set dev lan up\n", address_lines('lan', "$lan->{v4}.1/24", "$lan->{v6}\::1/64"),
          map { route_line($_->[0], 'lan', $_->[1]) } $n == 0 ? @{ $h->{lan_routes} } : ();
        push @lans, both("lan$n", $lines);
    }
    batches(both('host', $later), @lans);
    for my $side (qw(A B)) {
        my $n = ns($side, 'host');
        for (@{ $h->{entries} }) {
            my ($device, $six) = ($_->[0], $_->[1] =~ /:/ ? 6 : 4);
            host("set $n 0 net/ipv$six/neigh/$device/proxy_delay");
            host("set $n 1 net/ipv6/conf/$device/proxy_ndp") if $six == 6;
        }
    }
    return;
}

# A namespace ends at some time; its devices' other ends must be gone now.
sub host_down {
    my @hosts = @_;
    batches(both('host', join '', map { "link del group $_\n" } 1, map { group($_) } map { running($_) } @hosts));
    my @namespaces = map { ns($_, 'host') } qw(A B);
    wire(map { "close $_" } @namespaces);
    batches('-', join '', map { "netns del $_\n" } @namespaces);
    return;
}

# ---- what guestarp reads ----------------------------------------------------------------------------

sub files {
    my @hosts = @_;
    my ($first) = @hosts;
    my ($shared) = map { $_->{shared} // () } @hosts;
    remove_tree($root);
    make_path(map { "$root/$_" }
          qw(etc/guestarp etc/pve/nodes/pve1/lxc etc/pve/nodes/pve1/qemu-server run/qemu-server var/lib/vz var/lib/lxc));
    symlink 'nodes/pve1',    "$root/etc/pve/local";
    symlink "nodes/pve1/$_", "$root/etc/pve/$_" for qw(lxc qemu-server);
    write_file("$root/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    my @guests = map { ($_, $_->{clone}) } map { @{ $_->{guests} } } @hosts;
    my %guests = map { ($_->{kind} eq 'lxc' ? "lxc/$_->{id}" : $_->{id}) => $_->{policy} }
      grep { $_->{managed} && ($_->{kind} eq 'lxc' || %{ $_->{policy} }) } @guests;
    $guests{'*'} = {} if $first->{all_managed};
    my %policy = (
        defaults => { announce => 1, $shared ? (shared => [$shared]) : () },
        guests   => \%guests,
        $first->{policy}{devices} ? (devices => $first->{policy}{devices}) : ());
    my $text = JSON::PP->new->canonical->encode(\%policy);
    write_file("$root/etc/guestarp/guestarp.json", "$text\n");
    $first->{policy_text} = $text;
    for my $h (@hosts) { conf($h, $_) for @{ $h->{guests} } }
    return;
}

sub first {
    my ($six, @list) = @_;
    my ($found) = grep { (/:/ ? 1 : 0) == $six } @list;
    return $found;
}

sub conf_path {
    my ($g) = @_;
    return $g->{kind} eq 'lxc'
      ? "$root/var/lib/lxc/$g->{id}/config"
      : "$root/etc/pve/" . ($g->{kind} eq 'vm' ? 'qemu-server' : 'lxc') . "/$g->{id}.conf";
}

sub conf {
    my ($h, $g) = @_;
    my $text =
      $g->{managed} && $g->{kind} ne 'lxc' && !$h->{all_managed} ? "hookscript: local:snippets/guestarp\n" : '';
    for my $nic (@{ $g->{nics} }) {
        my ($n, @conf) = ($nic->{n}, @{ $nic->{conf} });
        if ($g->{kind} eq 'lxc') {
            my @keys = ('type = veth', "veth.pair = $nic->{port}", "hwaddr = $nic->{mac}", "name = eth$n");
            $text .= join '', map { "lxc.net.$n.$_\n" } @keys;
            $text .= $nic->{bridge} eq '' ? "lxc.net.$n.veth.mode = router\n" : "lxc.net.$n.link = $nic->{bridge}\n";
            $text .= "lxc.net.$n.ipv" . (/:/ ? 6 : 4) . ".address = $_\n" for @conf;
            next;
        }
        my ($four, $six) = (first(0, @conf), first(1, @conf));
        my ($gateway, $gateway6) = (first(0, @{ $nic->{gateways} }), first(1, @{ $nic->{gateways} }));
        my $ips = join ',', $four ? "ip=$four" : (), $gateway && $four ? "gw=$gateway" : (), $six ? "ip6=$six" : (),
          $gateway6 && $six ? "gw6=$gateway6" : ();
        my $common = join ',', $nic->{bridge} ne '' ? "bridge=$nic->{bridge}" : (),
          $nic->{firewall} ? 'firewall=1' : (), $nic->{link_down} ? 'link_down=1' : ();
        $text .=
          $g->{kind} eq 'vm'
          ? "net$n: virtio=\U$nic->{mac}\E"
          . ($common ne '' ? ",$common"           : '') . "\n"
          . ($ips ne ''    ? "ipconfig$n: $ips\n" : '')
          : "net$n: name=eth$n,hwaddr=\U$nic->{mac}\E,$common" . ($ips ne '' ? ",$ips" : '') . ",type=veth\n";
    }
    mkdir "$root/var/lib/lxc/$g->{id}" if $g->{kind} eq 'lxc';
    write_file(conf_path($g), $text);
    return;
}

# ---- who calls whom ----------------------------------------------------------------------------

sub hookscript {
    my ($h, $g, $phase) = @_;
    return if $g->{kind} eq 'lxc' || !$g->{managed} || $h->{all_managed};
    run({ PVE_MIGRATED_FROM => '' }, 'guestarp-pve', $g->{id}, $phase);
    return;
}

# LXC's drop-in calls it for every container.
sub lxc_hook {
    my ($g, $hook, $target) = @_;
    return if $g->{kind} eq 'vm';
    run({ LXC_NAME => $g->{id}, LXC_TARGET => $target // '', LXC_CONFIG_FILE => "$root/var/lib/lxc/$g->{id}/config" },
        'guestarp-lxc', $g->{id}, 'lxc', $hook);
    return;
}

# guestarp-watch has handled all that the kernel has told it.
sub watched {
    done();
    Watch::idle($watch) if $watch;
    return;
}

# What the platform's own process shows of a guest that runs.
sub process_begins {
    my ($g) = @_;
    if ($g->{kind} eq 'vm') {
        $hold{$g} = asked('hold', "$root/run/qemu-server/$g->{id}.pid", $g->{id});
    } else {
        host('listen ' . ns('A', 'host') . " /var/lib/lxc/$g->{id}/command");
    }
    return;
}

sub process_ends {
    my ($g) = @_;
    if (my $pid = delete $hold{$g}) {
        host("release $pid");
        done();
        unlink "$root/run/qemu-server/$g->{id}.pid";
    } elsif ($g->{kind} ne 'vm') {
        host("mute /var/lib/lxc/$g->{id}/command");
    }
    return;
}

# ---- devices of guests ----------------------------------------------------------------------------

# Of all its devices, of both VRFs' guests one each.
sub group {
    my ($g) = @_;
    return 10 + 20 * $g->{nth} + ($g->{ns} eq 'clone' ? 9 : $g->{index});
}

sub plugged {
    my ($h, $g, $side) = @_;
    my ($text, $group) = ('', group($g));
    for my $nic (@{ $g->{nics} }) {
        my ($n, $id, $port) = ($nic->{n}, $g->{id}, $nic->{port});
        my $tail = substr $nic->{mac}, 6;
        $text .=
          "link add name $port group $group address fe:9e:$tail type veth peer name eth$n address $nic->{mac} netns "
          . ns($side, $g->{ns})
          . "\nlink set dev $port up\n";
        if ($nic->{firewall}) {
            my ($fwbr, $fwln, $fwpr) = ("fwbr${id}i$n", "fwln${id}i$n", "fwpr${id}p$n");
            $text .=
                "link add name $fwbr group $group type bridge mcast_snooping 0\nlink set dev $fwbr up\n"
              . "link add name $fwln group $group address $nic->{fwln} type veth peer name $fwpr address $nic->{fwpr}\n"
              . "link set dev $fwpr group $group\nlink set dev $fwln up\nlink set dev $fwpr up\n"
              . "link set dev $fwpr master $nic->{bridge}\nlink set dev $fwln master $fwbr\n"
              . "link set dev $port master $fwbr\n";
        } elsif ($nic->{bridge} ne '') {
            $text .= "link set dev $port master $nic->{bridge}\n";
        }
        # The administrator's own script.
        next if !$nic->{routed};
        $text .= "link set dev $port " . ($vrf ? "master $vrf" : 'nomaster') . "\naddr add 10.255.0.1/32 dev $port\n";
        $text .= join '', map { route_line($_, $port, undef, $vrf) } grep { !/:/ } @{ $nic->{conf} };
    }
    return $text;
}

sub inside_lines {
    my ($g) = @_;
    my $text = '';
    for my $nic (@{ $g->{nics} }) {
        next if $nic->{link_down};
        my $eth = "eth$nic->{n}";
        $text .= "link set dev $eth up\n" . join '', address_lines($eth, @{ $nic->{real} });
        my @gateways = @{ $nic->{real} } ? @{ $nic->{gateways} } : ();
        # Where the gateway is in none of its own networks, as at many providers.
        $text .= join '',
          map { (/:/ ? "route add $_/128 dev $eth\n" : '') . route_line('default', $eth, $_) }
          grep { my $six = /:/ ? 1 : 0; first($six, @{ $nic->{real} }) } @gateways;
        $text .= "route add 10.0.0.0/8 via 10.1.0.2 dev $eth\n" if $g->{ns} eq 'fw' && $nic->{n} == 1;
    }
    return $text;
}

sub prepare_clone {
    my ($g, $h) = @_;
    my $clone = decode_json(encode_json({ %$g, clone => undef }));
    $clone->{id} = $g->{kind} eq 'lxc' ? "$g->{id}c" : $g->{id} + 1;
    $clone->{ns} = 'clone';
    my $down    = rand() < 0.6;
    my @bridges = sort keys %{ $h->{bridges} };
    for my $nic (@{ $clone->{nics} }) {
        $nic->{mac} =~ s/^02:9e:(..):/sprintf '02:9e:%02x:', hex($1) + 1/e;
        $nic->{mac} =~ s/00$/01/;
        $nic->{port} =
            $g->{kind} eq 'ct' ? "veth$clone->{id}i$nic->{n}"
          : $g->{kind} eq 'vm' ? "tap$clone->{id}i$nic->{n}"
          :                      "C-$nic->{n}_$g->{index}$h->{tail}";
        $nic->{link_down} = 1  if $down;
        $nic->{real}      = [] if $down;
        # A restored backup on another bridge.
        $nic->{bridge} = $bridges[rand @bridges] if !$nic->{routed} && rand() < 0.2;
        # A script of the administrator's knows the first one alone.
        if ($nic->{routed}) {
            $nic->{routed}    = 0;
            $nic->{bridge}    = $bridges[0];
            $nic->{real}      = [];
            $nic->{link_down} = 1;
        }
    }
    if (rand() < 0.3 && !$g->{shares}) {
        my @devices = (sort keys %{ $h->{bridges} }, grep { !$h->{devices}{$_}{master} } sort keys %{ $h->{devices} });
        $clone->{policy}{device} = $devices[rand @devices];
    }
    $clone->{policy}{device} = undef if !HarmHost::sensible($h, $clone, $clone->{policy}{device});
    delete $clone->{policy}{nics}
      if grep { !HarmHost::sensible($h, $clone, $_->{device}) } values %{ $clone->{policy}{nics} // {} };
    return $clone;
}

# ---- events ----------------------------------------------------------------------------

sub start {
    my ($h, $g, $reboot) = @_;
    local $vrf = $h->{vrf};
    hookscript($h, $g, 'pre-start') if !$reboot;
    process_begins($g)              if !$reboot;
    batches(both('host', sub { plugged($h, $g, $_[0]) }));
    host(
        map {
            my $n = ns($_, 'host');
            map { "set $n 1 net/ipv4/conf/$_->{port}/proxy_arp" } grep { $_->{routed} } @{ $g->{nics} }
        } qw(A B));
    watched() if rand() < 0.5;
    lxc_hook($g, 'start-host');
    host(
        map {
            impatient(ns($_, $g->{ns}), map { "eth$_->{n}" } @{ $g->{nics} })
        } qw(A B));
    batches(both($g->{ns}, inside_lines($g)));
    hookscript($h, $g, 'post-start') if !$reboot;
    watched();
    $h->{right}->up($g);
    return;
}

sub stop {
    my ($h, $g, $reboot) = @_;
    local $vrf = $h->{vrf};
    hookscript($h, $g, 'pre-stop') if !$reboot;
    process_ends($g)               if !$reboot;
    batches(both('host', 'link del group ' . group($g) . "\n"));
    watched() if !$reboot;
    lxc_hook($g, 'post-stop', $reboot ? 'reboot' : 'stop');
    hookscript($h, $g, 'post-stop') if !$reboot;
    if   ($reboot) { delete $h->{right}{running}{$g} }
    else           { $h->{right}->down($g) }
    return;
}

# ---- judging ----------------------------------------------------------------------------

sub running { my ($h) = @_; return values %{ $h->{right}{running} } }

sub plain {
    return map { s{/.*}{}r } @_;
}

sub usable {
    return grep { !/^(?:224|127|169|fe80|0\.)/ } @_;
}

# Addresses that two have, guests or host or client: who is met is chance, with guestarp as without.
sub contested {
    my ($h)   = @_;
    my %count = map { $_ => 1 } keys %{ $h->{right}{own} }, map { ("$_->{v4}.1", "$_->{v6}\::1") } @{ $h->{lans} };
    for my $g (running($h)) {
        $count{$_}++ for map { plain(@{ $_->{real} }) } @{ $g->{nics} };
    }
    return grep { $count{$_} > 1 } keys %count;
}

# What another guest had when these started, and which rests with that one since it stopped: they go without.
sub refused {
    my ($h) = @_;
    my %refused = map { $_ => 1 } map { keys %{ $_->{refused} // {} } } running($h);
    return
      grep { my $claim = $h->{right}{claims}{$_}; !$claim || !$h->{right}{running}{ $claim->{guest} } } keys %refused;
}

# What they really have, while another guest has the word for it, as it was started first: those who had the other one
# in mind are no longer led here.
sub denied {
    my ($h) = @_;
    my @denied;
    for my $g (running($h)) {
        push @denied, grep { $g->{refused}{$_} } plain(map { @{ $_->{real} } } @{ $g->{nics} }) if $g->{refused};
    }
    return @denied;
}

sub ping_list {
    my ($h)     = @_;
    my %targets = map { $_ => 1 } keys %{ $h->{right}{own} }, map { ("$_->{v4}.1", "$_->{v6}\::1") } @{ $h->{lans} };
    $targets{$_} = 1 for usable(map { plain(@{ $_->{real} }) } map { @{ $_->{nics} } } @{ $h->{guests} }, running($h));
    delete @targets{ contested($h), refused($h), denied($h) };
    my @askers = (
        'host',
        map({ "lan$_" } 0 .. $#{ $h->{lans} }),
        map { $_->{ns} } grep {
            grep { @{ $_->{real} } } @{ $_->{nics} }
        } running($h));
    return map {
        my $asker = $_;
        map { [$asker, $_] } sort keys %targets
    } @askers;
}

# [namespace, device, sender, target, segment, allowed MACs as names]
sub ask_list {
    my ($h) = @_;
    my %targets = map { $_ => 1 } keys %{ $h->{right}{own} };
    $targets{$_} = 1
      for usable(
        plain(map { (@{ $_->{conf} }, @{ $_->{real} }) } map { @{ $_->{nics} } } @{ $h->{guests} }, running($h)));
    # Who is asked by its own address does not answer.
    my %useless = map { $_ => 1 } keys %{ $h->{right}{own} }, contested($h);
    my @asks;
    my $add = sub {
        my ($ns, $device, $segment, $senders, $own) = @_;
        for my $six (0, 1) {
            my $sender = first($six, grep { !$useless{$_} } @$senders) // next;
            push @asks, map { { ns => $ns, device => $device, segment => $segment, sender => $sender, target => $_ } }
              grep { !$own->{$_} && (/:/ ? 1 : 0) == $six } sort keys %targets;
        }
    };
    for my $n (0 .. $#{ $h->{lans} }) {
        my @own = ("$h->{lans}[$n]{v4}.1", "$h->{lans}[$n]{v6}\::1");
        $add->("lan$n", 'lan', "lan$n", \@own, { map { $_ => 1 } @own });
    }
    for my $g (running($h)) {
        my %own = map { $_ => 1 } plain(map { @{ $_->{real} } } @{ $g->{nics} });
        $add->($g->{ns}, "eth$_->{n}", $h->{right}->segment_of_nic($_), [usable(plain(@{ $_->{real} }))], \%own)
          for @{ $g->{nics} };
    }
    return @asks;
}

sub ask_all {
    my ($ms, $pings, $asks) = @_;
    done();
    wire(map { 'ping ' . ns($_->[0], $_->[1]) . " $_->[2]" . ($vrf && $_->[1] eq 'host' ? " $vrf" : '') } @$pings);
    wire(map { 'ask ' . ns('A', $_->{ns}) . " $_->{device} $_->{sender} $_->{target}" } @$asks);
    wire("go $ms");
    my @pongs   = map { hear() } @$pings;
    my @answers = map { hear() } @$asks;
    hear() eq '.' or die "harm-wire: out of step\n";
    return (\@pongs, \@answers);
}

# The host's MACs, as they are now: device => MAC
sub macs {
    my ($h) = @_;
    my @devices = (
        sort(keys %{ $h->{devices} }, keys %{ $h->{bridges} }),
        map { $_->{port} } grep { $_->{routed} } map { @{ $_->{nics} } } running($h));
    wire('macs ' . ns('A', 'host') . ' ' . join ' ', @devices);
    my %macs;
    @macs{@devices} = split / /, hear();
    return \%macs;
}

# A bridge whose MAC was pinned announces its own addresses, and guests are bound on it when it is pinned already. Linux
# has it answer for the host's other addresses, and for the administrator's own entries, too: those who know the old MAC
# for them find out by themselves. That is left out here, and so is who is bound on a bridge whose MAC policy leaves as
# it is: any guest's start can change it, and guestarp-watch, which would announce it, does not run.
sub repinned {
    my ($h, $macs) = @_;
    my $last = $h->{macs} // $macs;
    $h->{macs} = $macs;
    my @changed = grep { $last->{$_} && $last->{$_} ne $macs->{$_} } keys %{ $h->{bridges} };
    my $left    = grep { ($_->{policy}{bridge_mac} // '') eq 'leave' } running($h);
    my %others  = map {
        my $address = $_;
        map { $address => 1 } grep { !$h->{right}{own}{$address}{$_} } @changed
    } keys %{ $h->{right}{own} };
    for my $bridge (@changed) {
        my $entries = $h->{right}{entries}{$bridge} // {};
        $others{$_} = 1 for grep { $left || $entries->{$_} eq 'administrator' } keys %$entries;
    }
    return sort keys %others;
}

# What all answers of one moment are judged by.
sub view {
    my ($h, $macs) = @_;
    my $right = $h->{right};
    my %view  = (
        macs    => $macs,
        name    => { map { $macs->{$_} => $_ } grep { !($h->{devices}{$_} // {})->{master} } keys %$macs },
        refused => { map { $_          => 1 } refused($h) });
    for my $n (0 .. $#{ $h->{lans} }) {
        my $mac = "02:1a:00:00:0$n:01";
        $view{name}{$mac} = 'the client';
        push @{ $view{holders}{"lan$n"}{$_} }, $mac for "$h->{lans}[$n]{v4}.1", "$h->{lans}[$n]{v6}\::1";
    }
    for my $g (running($h)) {
        for my $nic (@{ $g->{nics} }) {
            my $segment = $right->segment_of_nic($nic);
            $view{name}{ $nic->{mac} } = "guest $g->{id}'s eth$nic->{n}";
            push @{ $view{holders}{$segment}{$_} }, $nic->{mac} for plain(@{ $nic->{real} });
            $view{loud}{$segment} = 1 if $nic->{firewall} && !$g->{managed};
        }
    }
    return \%view;
}

# The view of now; those who cannot know of a bridge's new MAC are told.
sub look {
    my ($h) = @_;
    my $macs = macs($h);
    forget($h, repinned($h, $macs));
    return view($h, $macs);
}

# What is wrong with the MACs that answered one question: '' for nothing.
sub judge {
    my ($h, $ask, $answer, $view) = @_;
    my ($segment, $target) = @$ask{qw(segment target)};
    my @got   = grep { $_ ne '-' } split /,/, $answer;
    my %right = map  { $_ => 1 } map({ $view->{macs}{$_} } $h->{right}->answers($segment, $target, $ask->{sender})),
      @{ $view->{holders}{$segment}{$target} // [] };
    # Whose it will be depends on who starts first.
    return '' if $view->{refused}{$target};
    my @wrong = grep { !$right{$_} } @got;
    # Firewall bridges of guests that nobody manages answer as ever.
    @wrong = grep { $view->{name}{$_} } @wrong if $view->{loud}{$segment};
    # Several may be right: cards in one LAN have all of the host's addresses, and two guests may have one.
    return '' if !@wrong && (@got || !%right);
    my $say = sub {
        return join(', ', map { $view->{name}{$_} // $_ } @_) || 'nobody';
    };
    return "$ask->{ns} asks on $segment for $target: " . $say->(@got) . ' answered, right is ' . $say->(keys %right);
}

sub key { return "$_[0] -> $_[1]" }

# Law 1 and law 2, now. Who was reached before and may be lost by the event itself: $lost says.
sub check {
    my ($h, $event, $lost) = @_;
    push @history, $event;
    check_vrf($_, $event, $_ == $h ? $lost : sub { return 0 }) for @{ $h->{all} };
    return !@faults;
}

sub check_vrf {
    my ($h, $event, $lost) = @_;
    local $vrf = $h->{vrf};
    my $reached  = $h->{reached}  // {};
    my $prepared = $h->{prepared} // 0;
    # With its first guest policy's devices are as it says; what was learned from the others is no longer so.
    forget($h, sort keys %{ $h->{right}{own} }) if $prepared != $h->{right}{prepared} && $h->{policy}{devices};
    my @list      = ping_list($h);
    my @asks      = ask_list($h);
    my %contested = map { $_ => 1 } contested($h), refused($h), denied($h);
    my $settled   = sub {
        my ($ns) = @_;
        return !grep {
            $_->{ns} eq $ns && grep { $contested{$_} } plain(map { @{ $_->{real} } } @{ $_->{nics} })
        } running($h);
    };
    @list = grep { $settled->($_->[0]) } @list;
    my $view = look($h);
    my ($pongs, $answers) = ask_all(
        8,
        [   map {
                my $p = $_;
                map { [$_, @$p] } qw(A B)
            } @list],
        \@asks);
    my (%now, @missing, @wrong);
    for my $i (0 .. $#list) {
        my $key = key(@{ $list[$i] });
        my ($with, $without) = @$pongs[2 * $i, 2 * $i + 1];
        $now{$key} = 1 if $with;
        push @missing, [@{ $list[$i] }, $without ? 'without guestarp' : 'before']
          if !$with
          && ($without || ($reached->{$key} && $prepared == $h->{right}{prepared} && !$lost->(@{ $list[$i] })));
    }
    for my $i (0 .. $#asks) { push @wrong, $asks[$i] if judge($h, $asks[$i], $answers->[$i], $view) ne '' }
    # Only what lasts counts: a busy machine is slow to answer, and gets more time each time.
    for (my $try = 0; $try < $tries && (@missing || @wrong); $try++) {
        sleep 0.05;
        # A port that is slow to go changes its bridge's MAC only now.
        $view = look($h);
        my ($again, $answers_again) = ask_all($try < 5 ? 40 << $try : 1000, [map { ['A', @$_[0, 1]] } @missing], \@wrong);
        $now{ key(@{ $missing[$_] }) } = 1 for grep { $again->[$_] } 0 .. $#missing;
        @missing                       = map { $missing[$_] } grep { !$again->[$_] } 0 .. $#missing;
        $_->{said}                     = '' for @wrong;
        $wrong[$_]{said}               = judge($h, $wrong[$_], $answers_again->[$_], $view) for 0 .. $#wrong;
        @wrong                         = grep { $_->{said} ne '' } @wrong;
    }
    # Was it chance on the other side?
    if (@missing) {
        my ($again) = ask_all(400, [map { ['B', @$_[0, 1]] } @missing], []);
        @missing = map { $missing[$_] } grep { $missing[$_][2] eq 'before' || $again->[$_] } 0 .. $#missing;
    }
    my $where = $vrf ? "$event: $vrf" : $event;
    fault(map { "$where: law 1: $_->{said}" } @wrong);
    fault(map { "$where: law 2: $_->[0] does not reach $_->[1], and did $_->[2]" } @missing);
    $h->{reached}  = \%now;
    $h->{prepared} = $h->{right}{prepared};
    return;
}

# What the guest's own going takes along; with one that nobody manages, what its firewall bridges answered for.
sub lost_with {
    my ($h, $g) = @_;
    my %own = map { $_ => 1 } plain(map { @{ $_->{real} } } @{ $g->{nics} });
    $own{$_} = 1 for mistaken($h, $g);
    return sub { my ($asker, $target) = @_; return $asker eq $g->{ns} || $own{$target} || $g->{ns} eq 'fw' };
}

# What firewall bridges of guests that nobody manages may have taught others.
sub mistaken {
    my ($h, $g) = @_;
    return $g->{managed} ? () : sort keys %{ $h->{right}{own} };
}

# Who met the one of two with one address must ask again, on both sides.
sub forget {
    my ($h, @addresses) = @_;
    local $vrf = $h->{vrf};
    my @places = ('host', map({ "lan$_" } 0 .. $#{ $h->{lans} }), map { $_->{ns} } running($h));
    while (my @some = splice @addresses, 0, 20) {
        host(
            map {
                my $place = $_;
                map { 'forget ' . ns($_, $place) . " @some" } qw(A B)
            } @places);
    }
    return;
}

sub events {
    my @hosts = @_;
    my $nobody = sub { return 0 };
    my ($first) = @hosts;
    return if !check($first, 'the host has booted', $nobody);
    run({}, 'guestarp', 'sync');
    return if !check($first, 'guestarp sync', $nobody);
    if ($first->{watched}) {
        local $ENV{LC_ALL} = 'C';
        $watch = Watch::start($root, $said, $host_program, 'exec', ns('A', 'host'), @wrap);
        return if !check($first, 'guestarp-watch has started', $nobody);
    }
    my @order = sort { $a->[1]{place} <=> $b->[1]{place} } map {
        my $h = $_;
        map { [$h, $_] } @{ $h->{guests} }
    } @hosts;
    for (@order) {
        my ($h, $g) = @$_;
        my @before = contested($h);
        start($h, $g);
        forget($h, @before, contested($h));
        return if !check($h, "$g->{kind} $g->{id} has started", $nobody);
    }
    for (@order) {
        my ($h, $g) = @$_;
        my $reboot = $g->{kind} eq 'ct' && rand() < 0.5;
        stop($h, $g, $reboot);
        start($h, $g, $reboot);
        forget($h, contested($h), mistaken($h, $g));
        return if !check($h, "$g->{kind} $g->{id} has restarted" . ($reboot ? ' from inside' : ''), $nobody);
        next   if $g->{ns} eq 'fw';
        my $clone = $g->{clone};
        conf($h, $clone);
        start($h, $clone);
        my @contested = contested($h);
        forget($h, @contested);
        return if !check($h, "a clone of $g->{id}, $clone->{id}, has started", $nobody);
        stop($h, $clone);
        unlink conf_path($clone);
        $clone->{destroyed} = 1;
        forget($h, @contested, mistaken($h, $clone));
        my %mistaken = map { $_ => 1 } mistaken($h, $clone);
        return if !check($h, "the clone $clone->{id} has stopped", sub { $mistaken{ $_[1] } });
    }
    for (@order) {
        my ($h, $g) = @$_;
        my @contested = contested($h);
        stop($h, $g);
        forget($h, @contested, mistaken($h, $g));
        return if !check($h, "$g->{kind} $g->{id} has stopped", lost_with($h, $g));
    }
    return;
}

# ---- hosts, workers ----------------------------------------------------------------------------

# The hosts of one kernel: two, each in its VRF, or one that has all of it.
sub one_kernel {
    my ($number)  = @_;
    my $make      = $twins ? \&HarmHost::twins : \&HarmHost::random;
    my @hosts     = $make->($seed * 1000 + $number, $number);
    my $nic_index = 0;
    for my $h (@hosts) {
        for my $g (@{ $h->{guests} }) {
            $g->{place} = rand;
            $g->{nth}   = $h->{nth};
            $g->{clone} = prepare_clone($g, $h);
            for my $nic (map { @{ $_->{nics} } } $g, $g->{clone}) {
                $nic_index++;
                # Lower or higher than the uplink's.
                $nic->{fwpr} = sprintf '%s:fd:00:00:%02x', rand() < 0.5 ? '02:0a' : '0a:0c', $nic_index;
                $nic->{fwln} = sprintf '%s:fc:00:00:%02x', rand() < 0.5 ? '02:0a' : '0a:0c', $nic_index;
            }
        }
        $h->{right} = HarmRight->new($h);
        $h->{all}   = \@hosts;
    }
    # Without hookscripts nobody else tells of VMs.
    $hosts[0]{watched} = $hosts[0]{all_managed} || rand() < 0.2;
    (@faults, @history) = ();
    write_file($said, '');
    eval {
        files(@hosts);
        for my $side (qw(A B)) { place(ns($side, 'host'), 1) }
        host_up($_) for @hosts;
        events(@hosts);
        1;
    } or fault("died: $@");
    process_ends($_) for grep { $_->{kind} ne 'vm' || $hold{$_} } map { running($_) } @hosts;
    my $status = $watch ? Watch::stop($watch) : 0;
    $watch = undef;
    fault("guestarp-watch: wait status $status") if $status;
    host_down(@hosts);
    done();
    delete $_->{all} for @hosts;
    return @hosts;
}

sub in_short {
    my ($h) = @_;
    return join ', ', (grep { $h->{flags}{$_} } sort keys %{ $h->{flags} }), keys(%{ $h->{bridges} }) . ' bridges',
      @{ $h->{guests} } . ' guests', $h->{new_keys} ? 'new keys' : ();
}

sub describe {
    my ($h)   = @_;
    my $json  = JSON::PP->new->canonical;
    my @lines = (
        "host $h->{number}" . ($h->{vrf} ? ", $h->{vrf}" : '') . ": rp_filter $h->{rp_filter}, " . join ' ',
        grep { $h->{flags}{$_} } sort keys %{ $h->{flags} });
    push @lines,
      map { "$_: " . $json->encode($h->{devices}{$_} // $h->{bridges}{$_}) }
      sort(keys %{ $h->{devices} }, keys %{ $h->{bridges} });
    push @lines, 'routes ' . $json->encode($h->{routes}), 'entries ' . $json->encode($h->{entries});
    for my $g (map { ($_, $_->{clone}) } @{ $h->{guests} }) {
        push @lines,
            "$g->{ns}: $g->{kind} $g->{id}"
          . ($g->{managed}       ? ''                 : ' (unmanaged)')
          . ($g->{ns} eq 'clone' ? " of g$g->{index}" : '');
        push @lines, map {
                "  net$_->{n} $_->{port} in '$_->{bridge}'"
              . ($_->{firewall} ? ' firewall' : '')
              . ($_->{routed}   ? ' routed'   : '')
              . " conf @{ $_->{conf} } real @{ $_->{real} } gw @{ $_->{gateways} }"
              . ($_->{spoilt} ? " ($_->{spoilt})" : '')
        } @{ $g->{nics} };
    }
    push @lines, "policy $h->{policy_text}" if $h->{policy_text};
    return @lines;
}

sub work {
    ($worker) = @_;
    my $dir = "/run/test/w$worker";
    mkdir $dir;
    ($root, $said) = ("$dir/root", "$dir/said");
    open2($wire_out, $wire_in, $wire_program) or die "harm-wire: $!\n";
    open2($host_out, $host_in, $host_program) or die "harm-host: $!\n";
    $_->autoflush(1) for $wire_in, $host_in;
    places($_) for $twins ? qw(red blue) : '';
    for my $i (grep { $_ % $workers == $worker } 0 .. $#numbers) {
        my @hosts = one_kernel($numbers[$i]);
        my $what  = "host $hosts[0]{number}: " . join ' and ', map { in_short($_) } @hosts;
        print((@faults ? 'not ok' : 'ok') . " $what\n");
        next if !@faults;
        my @last = @history > 40 ? @history[-40 .. -1] : @history;
        print map { "# $_\n" } map { split /\n/ } "GUESTARP_SEED=$seed GUESTARP_HOST=$hosts[0]{number}", @faults,
          map({ describe($_) } @hosts), 'events:', @last, 'said:', split /\n/, qx(tail -n 30 $said);
    }
    return;
}

print STDERR "# seed $seed, " . @numbers . " hosts\n";
# One pipe for all, so that none waits for another to be read: a line is written as a whole.
pipe my $results, my $to_results or die "pipe: $!\n";
my @pids;
for my $n (0 .. $workers - 1) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $results;
        open STDOUT, '>&', $to_results or die "$!\n";
        work($n);
        exit 0;
    }
    push @pids, $pid;
}
close $to_results;
my ($test, $failed, %kinds) = (0, 0);
while (my $line = <$results>) {
    if ($line =~ /^((?:not )?ok) (.*)/) {
        my ($result, $what) = ($1, $2);
        $test++;
        $failed++ if $result ne 'ok';
        $kinds{$_}++ for $what =~ /(subnet|onlink|routed|shared|firewall)/g;
        print "$result $test - $what\n";
    } else {
        print STDERR $line;
    }
}
for my $pid (@pids) {
    waitpid $pid, 0;
    $failed++, print "not ok ", ++$test, " - a worker has ended with status ", $? >> 8, "\n" if $?;
}
print STDERR "# $failed of "
  . @numbers
  . " hosts failed (seed $seed); "
  . join(', ', map { "$kinds{$_} $_" } sort keys %kinds) . "\n";
print "1..$test\n";
exit($failed ? 1 : 0);
