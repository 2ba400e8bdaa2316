package Judge;

# Judges `guestarp check` by the wire: which devices hear whom, who answers whom, who can be pinged. It reads devices and
# addresses by `ip`, and nothing of guestarp's but what check prints. What it calls wrong is what guestarp(8) calls so:
#
#   host-flux        several MACs answer requests for an address of the host's, among them others than the right one
#   bridge-answers   a bridge without an IPv4 address answers (perhaps only a probe) where another MAC is right, or nobody is
#   proxy-strangers  a device answers for an address that nobody is known to have
#   proxy-many       several devices that have an entry for an address answer for it
#
# on one wire, to neighbours that are there: those in the subnets of the devices on it. The right one is the device that
# has the address; where that one does not answer there, the one by which the host's packets to the neighbour leave.

use strict;
use warnings;
use IPC::Open2;
use JSON::PP;
use Socket qw(AF_INET AF_INET6 inet_aton inet_pton);

my @ids = qw(bridge-answers host-flux proxy-many proxy-strangers);
my %family = (inet => AF_INET, inet6 => AF_INET6);
my $quiet = 15;    # ms without a frame that end the listening

# ask: asks the wire [asker, device, sender, target] each, and returns the MACs that answer, joined by "," or "-".
sub new {
    my ($class, %self) = @_;    # host, lan, random (its description), reach, guestarp, root, ask
    my $self = bless {%self}, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, $self->{reach}, $self->{host}, $self->{lan});
    return $self;
}

sub done {
    my ($self) = @_;
    close $self->{in};
    close $self->{out};
    waitpid $self->{pid}, 0;
    return;
}

# ---- facts -------------------------------------------------------------------------------------------------------

sub number { return unpack 'N', inet_aton($_[0]) }
sub dotted { return join '.', unpack 'C4', pack 'N', $_[0] }

sub same_subnet {
    my ($one, $other, $prefix) = @_;
    return $prefix == 0 || (number($one) ^ number($other)) >> 32 - $prefix == 0;
}

sub take_facts {
    my ($self) = @_;
    my $host = $self->{host};
    my %quiet = map { $_ => 1 } @{ $self->{random}{names} };
    my (%links, @addresses, @subnets);
    for my $l (@{ decode_json(`ip -n $host -j -d addr`) }) {
        my %flag = map { $_ => 1 } @{ $l->{flags} };
        $links{ $l->{ifname} } = {
            mac => $l->{address}, master => $l->{master}, kind => $l->{linkinfo}{info_kind} // '',
            has_ip4 => scalar(grep { $_->{family} eq 'inet' } @{ $l->{addr_info} }),
            speaks => $flag{UP} && !$flag{NOARP} && !$flag{LOOPBACK} && !$quiet{ $l->{ifname} } };
        push @addresses, map { {
            dev => $l->{ifname}, ip => $_->{local}, peer => $_->{address}, prefix => $_->{prefixlen} } }
            grep { $_->{family} eq 'inet' && defined $_->{local} && $_->{scope} =~ /^(?:global|site)$/ } @{ $l->{addr_info} };
        push @subnets, map { {
            dev => $l->{ifname}, prefix => $_->{prefixlen}, bits => unpack 'B*', inet_pton($family{ $_->{family} }, $_->{local}) } }
            grep { $family{ $_->{family} } && defined $_->{local} && $_->{scope} =~ /^(?:global|site)$/ } @{ $l->{addr_info} };
    }
    $self->{links}     = \%links;
    $self->{addresses} = \@addresses;
    $self->{subnets}   = [grep { $_->{prefix} < length $_->{bits} } @subnets];
    $self->{entries} = {};
    for (`ip -n $host -4 neigh show proxy`) {
        push @{ $self->{entries}{$1} }, $2 // '' if /^(\S+)(?: dev (\S+))?/;
    }
    my @ranges = $self->take_ranges(map { $_->{ip} } @addresses);
    $self->{own}       = [do { my %seen; grep { !$seen{$_}++ } (map { $_->{ip} } @addresses), @ranges }];
    $self->{holders}   = {};
    push @{ $self->{holders}{ $_->{ip} } }, $_->{dev} for @addresses;
    $self->{pvlan} = { map { m{/conf/([^/]+)/\S+:(\d)} && $2 ? ($1 => 1) : () }
            `ip netns exec $host grep -H . -r /proc/sys/net/ipv4/conf --include=proxy_arp_pvlan` };
    $self->{pvlan} = { %{ $self->{pvlan} }, map { $_ => 1 } keys %links } if $self->{pvlan}{all};
    return;
}

# Some of the addresses that only routes of type local make the host's, where the kernel itself says that they are.
sub take_ranges {
    my ($self, @on_devices) = @_;
    my %on_device = map { $_ => 1 } @on_devices, map { /inet ([\d.]+)/ ? $1 : () } `ip -n $self->{host} -4 addr`;
    $self->{mine} = \%on_device;
    my @vrfs = ('', map { "vrf $_" } grep { $self->{links}{$_}{kind} eq 'vrf' } sort keys %{ $self->{links} });
    my %own;
    $self->{ranges} = [];
    for (`ip -n $self->{host} -4 route show table all type local`) {
        my ($first, $prefix) = m{^local ([\d.]+)(?:/(\d+))?\s} or next;
        $prefix //= 32;
        next if $first =~ /^127\./ || ($prefix == 32 && $on_device{$first});
        push @{ $self->{ranges} }, [$first, $prefix];
        my @some = map { dotted(number($first) + $_) } $prefix == 32 ? 0 : (1, 2, 3, 4, 6);
        for my $ip (grep { !$on_device{$_} } @some, grep { same_subnet($first, $_, $prefix) } keys %{ $self->{entries} }) {
            $own{$ip} = 1 if grep { `ip -n $self->{host} route get $ip $_ ipproto tcp 2>/dev/null` =~ /^local / } @vrfs;
        }
    }
    return sort keys %own;
}

sub in_range {
    my ($self, $ip) = @_;
    my ($range) = grep { same_subnet($_->[0], $ip, $_->[1]) } @{ $self->{ranges} };
    return $range;
}

sub vrf_of {
    my ($self, $device) = @_;
    my $links = $self->{links};
    for (1 .. 2) {
        $device = $links->{$device}{master} // return '';
        return $device if $links->{$device}{kind} eq 'vrf';
    }
    return '';
}

sub is_bare_bridge {
    my ($self, $device) = @_;
    return $self->{links}{$device}{kind} eq 'bridge' && !$self->{links}{$device}{has_ip4};
}

sub id_of {
    my ($self, $device, $id) = @_;
    return ($self->is_bare_bridge($device) ? 'bridge-answers' : $id) . " $device";
}

# ---- who hears whom ----------------------------------------------------------------------------------------------

sub go {
    my ($self, @lines) = @_;
    my @said;
    print { $self->{in} } map({ "$_\n" } @lines), "go $quiet\n";
    while (1) {
        my $line = readline($self->{out}) // die "reach has ended\n";
        chomp $line;
        return @said if $line eq '.';
        push @said, $line;
    }
}

# In the LANs; what one of them refuses is left out.
sub batch {
    my ($self, $program, @lines) = @_;
    open my $batch, '|-', "$program -n $self->{lan} -force -batch - >/dev/null 2>&1" or die "$program: $!\n";
    print $batch map { "$_\n" } @lines;
    close $batch;
    return;
}

# Do the LANs pass frames on from one of the host's network cards to another? One without a carrier passes nothing anyway.
sub let_lans_pass {
    my ($self, $pass) = @_;
    $self->batch('bridge',
        map { 'link set dev ' . s/^e/p/r . ' state ' . ($pass ? 3 : 0) } sort keys %{ $self->{random}{wire} });
    return;
}

sub devices { return grep { $_ ne '-' } split /,/, $_[0] }

# {by}{asker}: the devices that hear it, and whose answers it hears; {entry}{a way into the host}: those beyond it, and
# {all}: also those that say nothing.
sub take_hearing {
    my ($self) = @_;
    my $h = $self->{random};
    my @askers = sort keys %{ $h->{asker} };
    my @heard = $self->go(map { "from $_" } @askers);
    @$self{qw(by answered entry all)} = ({}, {}, {}, {});
    for my $i (0 .. $#askers) {
        my @devices = devices($heard[$i]);
        my @back = @devices ? $self->go(map { "to $_ $askers[$i]" } @devices) : ();
        $self->{answered}{ $askers[$i] } = { map { $devices[$_] => 1 } grep { $back[$_] } 0 .. $#devices };
        $self->{by}{ $askers[$i] } = { map { $_ => 1 } grep { $self->{links}{$_}{speaks} } keys %{ $self->{answered}{ $askers[$i] } } };
    }
    my @ways;
    for my $asker (@askers) {
        my ($lan, $tag) = $asker =~ /^l(\d+)(?:v(\d+))?$/;
        my @nics = grep { defined $lan && $h->{wire}{$_} == $lan } sort keys %{ $h->{wire} };
        push @ways, defined $lan ? map({ [$_, $asker, s/^e/p/r . ($tag ? "/$tag" : '')] } @nics) : [$asker, $asker, $asker];
    }
    # Frames may leave the host and come back by a LAN, of which the host itself knows nothing.
    $self->let_lans_pass(0);
    @heard = @ways ? $self->go(map { "from $_->[2]" } @ways) : ();
    $self->let_lans_pass(1);
    for my $i (0 .. $#ways) {
        my ($name, $asker) = @{ $ways[$i] };
        $self->{all}{"$name $asker"} = { map { $_ => 1 } devices($heard[$i]) };
        $self->{entry}{"$name $asker"} = { map { $_ => 1 } grep { $self->{by}{$asker}{$_} } devices($heard[$i]) };
    }
    return;
}

# Are two devices in one subnet of either family, by which check takes their wires for one?
sub share_subnet {
    my ($self, $one, $other) = @_;
    return 0 if $one eq $other || $self->vrf_of($one) ne $self->vrf_of($other);
    my @ones   = grep { $_->{dev} eq $one } @{ $self->{subnets} };
    my @others = grep { $_->{dev} eq $other } @{ $self->{subnets} };
    for my $a (@ones) {
        for my $b (@others) {
            my $prefix = $a->{prefix} > $b->{prefix} ? $a->{prefix} : $b->{prefix};
            return 1 if length $a->{bits} == length $b->{bits} && substr($a->{bits}, 0, $prefix) eq substr $b->{bits}, 0, $prefix;
        }
    }
    return 0;
}

sub entries_share {
    my ($self, $one, $other) = @_;
    my ($x, $y) = @{ $self->{all} }{ $one, $other };
    for my $a (grep { !$y->{$_} } keys %$x) {
        return 1 if grep { !$x->{$_} && $self->share_subnet($a, $_) } keys %$y;
    }
    return 0;
}

sub wire_of { return (split / /, $_[0])[1] }

# Does what is asked at either of the two reach the other, too?
sub on_one_wire {
    my ($self, $one, $other) = @_;
    my ($wire, $other_wire) = map { wire_of($_) } $one, $other;
    return $wire eq $other_wire || grep({ $self->{answered}{$wire}{$_} } keys %{ $self->{all}{$other} })
        && grep { $self->{answered}{$other_wire}{$_} } keys %{ $self->{all}{$one} };
}

# By which groups of entries what an asker sends comes into the host, also beyond its own ones, by a LAN: {asker}{group}
sub groups_of_wires {
    my ($self, %group) = @_;
    my (%wire, %own);
    my @entries = grep { %{ $self->{entry}{$_} } } keys %group;
    for my $entry (@entries) {
        $wire{ wire_of($entry) }{ $group{$entry} } = 1;
        $own{ wire_of($entry) }{$_} = 1 for keys %{ $self->{entry}{$entry} };
    }
    for my $asker (keys %{ $self->{by} }) {
        for my $entry (grep { wire_of($_) =~ /^l/ } @entries) {
            $wire{$asker}{ $group{$entry} } = 1
                if grep { $self->{by}{$asker}{$_} && !$own{$asker}{$_} } keys %{ $self->{entry}{$entry} };
        }
    }
    return %wire;
}

# Why check cannot know this host's wires, '' where it can. Devices of one wire without a common subnet it knows only by
# --probe, which each of them hears that one with a subnet sends.
sub unfit {
    my ($self) = @_;
    my @entries = grep { my $e = $_; grep { $self->{answered}{ wire_of($e) }{$_} } keys %{ $self->{all}{$e} } }
        sort keys %{ $self->{all} };
    my %group = map { $_ => $_ } @entries;
    for my $i (0 .. $#entries) {
        for my $j ($i + 1 .. $#entries) {
            my ($one, $other) = @entries[$i, $j];
            next if !$self->entries_share($one, $other);
            return 'a subnet is on two wires' if !$self->on_one_wire($one, $other);
            my $old = $group{$other};
            $_ eq $old and $_ = $group{$one} for values %group;
        }
    }
    my %wire  = $self->groups_of_wires(%group);
    my @apart = grep { keys %{ $wire{$_} } > 1 } sort keys %wire;
    for my $asker (@apart) {
        return 'devices on one wire, none of which has a subnet'
            if !grep { $_->{prefix} < 32 && $self->{by}{$asker}{ $_->{dev} } } @{ $self->{addresses} };
    }
    return 'devices on one wire without a common subnet' if @apart && !$self->{with_probe};
    $self->{option} = @apart ? '--probe' : '';
    return '';
}

# ---- questions ---------------------------------------------------------------------------------------------------

# The next address that is in no range: in one nobody but the host can have it.
sub free {
    my ($self, $number) = @_;
    $number++ while $self->in_range(dotted($number));
    return dotted($number);
}

# A neighbour asks for whatever is in its subnet, and for the host's own address in it.
sub neighbours {
    my ($self, $asker) = @_;
    my (@all, %seen);
    for my $a (grep { $self->{by}{$asker}{ $_->{dev} } } @{ $self->{addresses} }) {
        my $base = number($a->{ip}) & 0xffff0000;
        my $ip = $a->{peer} // $self->free($base + 210);
        next if $a->{prefix} == 32 && !defined $a->{peer};
        push @all, { ip => $ip, prefix => $a->{prefix}, gateway => $a->{ip} }
            if !$seen{"$ip $a->{prefix} $a->{ip}"}++;
    }
    return @all;
}

sub asks_for {
    my ($n, $target) = @_;
    return same_subnet($n->{ip}, $target, $n->{prefix}) || $n->{gateway} eq $target;
}

# Any machine that might be there, in the address's own subnet.
sub stranger_to {
    my ($self, $target) = @_;
    my ($a) = grep { $_->{ip} eq $target && $_->{prefix} < 32 } @{ $self->{addresses} };
    my $range = $self->in_range($target);
    return $self->free((number($target) & 0xffff0000) + 210) if $a;
    my $beside = dotted(number($target) ^ 1 << 32 - ($range ? $range->[1] : 32));
    # From one of the host's own routing takes nothing.
    return $self->{mine}{$beside} ? $self->free((number($target) & 0xffff0000) + 210) : $beside;
}

# [{asker, target, whose, foreign, senders, said: {sender: MACs}}]
sub take_answers {
    my ($self) = @_;
    my (@sets, @questions, %strangers);
    my %own = map { $_ => 1 } @{ $self->{own} };
    for my $asker (keys %{ $self->{by} }) {
        $strangers{ $self->free((number($_->{ip}) & 0xffff0000) + 220) } = 1
            for grep { $_->{prefix} < 31 } $self->neighbours($asker);
    }
    my @targets = (
        (map { [$_, 'own'] } @{ $self->{own} }), (map { [$_, 'proxied'] } grep { !$own{$_} } sort keys %{ $self->{entries} }),
        map { [$_, 'stranger'] } '198.51.100.1', sort keys %strangers);
    for my $asker (grep { %{ $self->{by}{$_} } } sort keys %{ $self->{by} }) {
        my @neighbours = $self->neighbours($asker);
        for my $t (@targets) {
            my ($target, $whose) = @$t;
            my @asking = grep { asks_for($_, $target) } @neighbours;
            my $foreign = !@asking;
            next if $foreign && $whose eq 'proxied';
            my %senders = map { $_->{ip} => 1 } $foreign ? @neighbours : @asking;
            $senders{ $self->stranger_to($target) } = 1 if $foreign;
            delete $senders{$target};
            push @sets, { asker => $asker, target => $target, whose => $whose, foreign => $foreign,
                senders => [sort keys %senders, $whose eq 'own' ? '0.0.0.0' : ()] };
        }
    }
    for my $set (@sets) {
        push @questions, map { [$set->{asker}, '', $_, $set->{target}] } @{ $set->{senders} };
    }
    my @said;
    while (my @some = splice @questions, 0, 2000) { push @said, $self->{ask}->(@some) }
    for my $set (@sets) {
        for my $sender (@{ $set->{senders} }) {
            my @macs = grep { $_ ne '-' } split /,/, shift @said;
            $set->{said}{$sender} = \@macs;
            $set->{ $sender eq '0.0.0.0' ? 'probe' : 'request' }{$_} = 1 for @macs;
        }
    }
    $self->{sets} = \@sets;
    return;
}

# ---- what is wrong -----------------------------------------------------------------------------------------------

sub devices_of {
    my ($self, $asker, $mac) = @_;
    return grep { $self->{links}{$_}{mac} eq $mac } sort keys %{ $self->{by}{$asker} };
}

# The device by which the host's packets from one address to another leave, '' for none.
sub way {
    my ($self, $from, $to, $vrf) = @_;
    $self->{ways}{"$from $to $vrf"} //= do {
        my $by = $vrf ? "vrf $vrf" : '';
        my ($line) = `ip -n $self->{host} route get $to from $from $by ipproto tcp 2>/dev/null`;
        defined $line && $line !~ /^(?:local|broadcast)/ && $line =~ / dev (\S+)/ ? $1 : '';
    };
    return $self->{ways}{"$from $to $vrf"};
}

# The MACs that may be right: {} where nobody is.
sub right_macs {
    my ($self, $set) = @_;
    my $links = $self->{links};
    my @holders = grep { $set->{request}{ $links->{$_}{mac} } } @{ $self->{holders}{ $set->{target} } };
    my %right = map { $links->{$_}{mac} => 1 } @holders;
    return %right if %right;
    for my $mac (sort keys %{ $set->{request} }, sort keys %{ $set->{probe} }) {
        for my $device ($self->devices_of($set->{asker}, $mac)) {
            for my $n (grep { asks_for($_, $set->{target}) } $self->neighbours($set->{asker})) {
                my $way = $self->way($set->{target}, $n->{ip}, $self->vrf_of($device));
                $right{ $links->{$way}{mac} } = 1 if $way && $set->{request}{ $links->{$way}{mac} };
            }
        }
    }
    return %right;
}

sub has_route {
    my ($self, $device) = @_;
    my $routes = `ip -n $self->{host} -4 route show table all`;
    $routes =~ s/\n\s+/ /g;    # a route's next hops
    return grep { / dev \Q$device\E\s/ && !/^(?:local|broadcast|multicast|anycast) / && !/ proto kernel / } split /^/, $routes;
}

sub has_subnet {
    my ($self, $device) = @_;
    return grep { $_->{dev} eq $device && $_->{prefix} < 31 } @{ $self->{addresses} };
}

sub wrong_of_own {
    my ($self, $set) = @_;
    my %holder = map { $self->{links}{$_}{mac} => 1 } @{ $self->{holders}{ $set->{target} } };
    my %all = (%{ $set->{request} // {} }, %{ $set->{probe} // {} });
    my %right;
    my @wrong;
    %right = $self->right_macs($set) if keys %all > keys %holder || grep { !$holder{$_} } keys %all;
    for my $mac (grep { !$holder{$_} } sort keys %all) {
        for my $device ($self->devices_of($set->{asker}, $mac)) {
            my $bare = $self->is_bare_bridge($device);
            next if !$bare && ($set->{foreign} || !$set->{request}{$mac} || keys %{ $set->{request} } < 2 || !%right);
            next if %right ? $right{$mac} : $self->has_route($device);
            push @wrong, [$mac, $device, $bare];
        }
    }
    return @wrong;
}

# {"MAC or address": {may: {"id device": 1}, where: [...]}}: of each one of may is to be found, and nothing else.
sub judgement {
    my ($self) = @_;
    my %wrong;
    my $note = sub {
        my ($key, $what, $set) = @_;
        $wrong{$key}{may}{$what} = 1;
        push @{ $wrong{$key}{where} }, "$set->{asker} asks for $set->{target}" . ($set->{foreign} ? ' (foreign)' : '');
    };
    for my $set (@{ $self->{sets} }) {
        if ($set->{whose} eq 'own') {
            $note->(($_->[2] ? 'bridge' : 'flux') . " $_->[0]", $self->id_of($_->[1], 'host-flux'), $set)
                for $self->wrong_of_own($set);
        } elsif ($set->{whose} eq 'stranger') {
            for my $mac (sort keys %{ $set->{request} // {} }) {
                $note->("stranger $mac", $self->id_of($_, 'proxy-strangers'), $set)
                    for grep { !$set->{foreign} || $self->has_subnet($_) } $self->devices_of($set->{asker}, $mac);
            }
        } else {
            my @entries = @{ $self->{entries}{ $set->{target} } };
            my %macs = map { $self->{links}{$_}{mac} => 1 }
                grep { $_ ne '' && $self->{by}{ $set->{asker} }{$_} } @entries;
            $note->("many $set->{target}", "proxy-many $set->{target}", $set)
                if !(grep { $_ eq '' } @entries) && 1 < grep { $set->{request}{$_} } keys %macs;
        }
    }
    return \%wrong;
}

# ---- check -------------------------------------------------------------------------------------------------------

# The findings, each with what it is about: "id device" or "id address".
sub findings {
    my ($self) = @_;
    my $json = `GUESTARP_ROOT=$self->{root} ip netns exec $self->{host} $self->{guestarp} check --json $self->{option} 2>/dev/null`;
    my $all = eval { decode_json($json) } // die "check says no JSON on this host\n";
    for my $f (@{ $all->{findings} }) {
        my $judged = grep { $_ eq $f->{id} } @ids;
        my %addresses = map { $_ => 1 } ($f->{fix} // '') =~ /neigh del proxy (\S+)/g;
        $f->{about} = [
            !$judged || $f->{what} =~ /neighbours with (?:the|senders)/ ? ()
            : $f->{id} eq 'proxy-many' ? map { "$f->{id} $_" } sort keys %addresses
            : map { "$f->{id} $_" } @{ $f->{devices} }];
    }
    return @{ $all->{findings} };
}

# What answers on a private VLAN instead of its neighbours is meant to, and the wire does not tell the two.
sub may_be_pvlan {
    my ($self, $about) = @_;
    my ($id, $device) = split / /, $about;
    return $id eq 'proxy-strangers' && $self->{pvlan}{$device};
}

# (false ones, missed ones), in words
sub compare {
    my ($self, $judgement, @findings) = @_;
    my %found = map { $_ => 1 } map { @{ $_->{about} } } @findings;
    my %right = map { %{ $_->{may} } } values %$judgement;
    my @false  = map { "FALSE: $_" } grep { !$right{$_} } sort keys %found;
    my %what = map { my $f = $_; map { $_ => $f->{what} } @{ $f->{about} } } @findings;
    $_ .= ": $what{s/^FALSE: //r}" for @false;
    my @missed = map { 'MISSED: ' . join(' or ', sort keys %{ $judgement->{$_}{may} }) . ": $judgement->{$_}{where}[0]" }
        grep { my $j = $judgement->{$_}; !grep { $found{$_} || $self->may_be_pvlan($_) } keys %{ $j->{may} } }
        sort keys %$judgement;
    push @false, map { "FALSE: $_->{id}: $_->{what}" } grep { $_->{id} eq 'two-answers' } @findings;
    return (@false, @missed);
}

# ---- fixes -------------------------------------------------------------------------------------------------------

# What neighbours that are there are told of addresses that somebody has: [set, sender, MACs, {those that are right}].
sub answers {
    my ($self, @sets) = @_;
    my @answers;
    for my $set (grep { $_->{whose} ne 'stranger' && !$_->{foreign} } @sets) {
        my %right = $set->{whose} eq 'own' ? $self->right_macs($set) : ();
        push @answers, map { [$set, $_, $set->{said}{$_}, \%right] } grep { @{ $set->{said}{$_} } } @{ $set->{senders} };
    }
    return @answers;
}

# On which card a LAN last heard a bond's MAC is chance: any of its cards may say something of its own, such as which IPv6
# groups it is in.
sub forget_cards {
    my ($self) = @_;
    my %lans = map { $_ => 1 } values %{ $self->{random}{wire} };
    $self->batch('ip', map { "link set dev l$_ type bridge fdb_flush" } sort keys %lans);
    return;
}

# Of each answer whether what goes to its MACs comes back: {MAC: 1 or 0}
sub pings {
    my ($self, @answers) = @_;
    my @works = map { {} } @answers;
    my %of;
    push @{ $of{ $answers[$_][0]{asker} } }, $_ for grep { $answers[$_][1] ne '0.0.0.0' } 0 .. $#answers;
    for my $asker (sort keys %of) {
        my @all = map { my $i = $_; map { [$i, $_] } @{ $answers[$i][2] } } @{ $of{$asker} };
        system("ip -n $self->{host} neigh flush all >/dev/null 2>&1");
        $self->forget_cards();
        my @back = $self->go(map { "ping $asker $_->[1] $answers[$_->[0]][1] $answers[$_->[0]][0]{target}" } @all);
        $works[$all[$_][0]]{ $all[$_][1] } = $back[$_] for 0 .. $#all;
    }
    # What the host still asks would be taken for an answer by --probe.
    system("ip -n $self->{host} neigh flush all >/dev/null 2>&1");
    return @works;
}

sub lost {
    my ($self, $before, $works_before, $said, $works_after) = @_;
    my @lost;
    for my $i (0 .. $#$before) {
        my ($set, $sender, $macs, $right) = @{ $before->[$i] };
        my %now = map { $_ => 1 } @{ $said->[$i] };
        # A probe asks whether the address is taken: any machine that says so is right.
        my @right = grep { $right->{$_} && $sender ne '0.0.0.0' } @$macs;
        my ($old, $new) = ($works_before->[$i], $works_after->[$i]);
        my $what = "$set->{asker} with $sender asks for $set->{target}";
        $self->{count}{'answers kept'}++;
        push @lost, "CUT: nobody answers any more: $what" if !%now;
        push @lost, "CUT: the right one no longer answers: $what" if %now && @right && !grep { $now{$_} } @right;
        next if !grep { $_ } values %$old;
        $self->{count}{'pings kept'}++;
        push @lost, "CUT: no ping: $what" if %now && !grep { $_ } values %$new;
        push @lost, "CUT: no ping of the right one: $what"
            if grep { $right->{$_} && $old->{$_} && exists $new->{$_} && !$new->{$_} } keys %$old;
    }
    return @lost;
}

# Runs each fix, and looks whether its finding ends, and nothing else.
sub judge_fixes {
    my ($self, @findings) = @_;
    my $count = $self->{count};
    my @fixes = grep { defined $_->{fix} && $_->{id} !~ /^(?:mac-|quiet-)/ } @findings or return;
    my @before = $self->answers(@{ $self->{sets} });
    my @works = $self->pings(@before);
    my (@wrong, @said);
    for my $f (@fixes) {
        # Of IPv4 and of IPv6 one can have a command, the other one none.
        my $key = sub { return "$_[0]{id} @{ $_[0]{devices} } $_[0]{what}" . (defined $_[0]{fix} ? '' : ', without a fix') };
        $count->{"fix: $f->{id}"}++;
        my $log = `ip netns exec $self->{host} sh -c '$f->{fix}' 2>&1 >/dev/null`;
        push @wrong, "FIX fails: $f->{fix}: $log" if $?;
        my @now = $self->findings();
        my %now = map { $_ => 1 } map { @{ $_->{about} } } @now;
        $now{ $key->($_) } = 1 for @now;
        push @wrong, map { "FIX does not end it: $_: $f->{fix}" } grep { $now{$_} } @{ $f->{about} }, $key->($f);
        print "# fix: $f->{fix}\n" if $ENV{GUESTARP_HOST};
    }
    my @questions = map { [$_->[0]{asker}, '', $_->[1], $_->[0]{target}] } @before;
    while (my @some = splice @questions, 0, 2000) {
        push @said, map { [grep { $_ ne '-' } split /,/] } $self->{ask}->(@some);
    }
    my @after = map { [@{ $before[$_] }[0, 1], $said[$_]] } 0 .. $#before;
    push @wrong, $self->lost(\@before, \@works, \@said, [$self->pings(@after)]);
    # What check says now has to be right, too.
    $self->look();
    push @wrong, map { "after the fixes: $_" } $self->compare($self->judgement(), $self->findings());
    return @wrong;
}

sub look {
    my ($self) = @_;
    delete $self->{ways};
    $self->take_facts();
    $self->take_hearing();
    $self->take_answers();
    return;
}

# Judges the host: what is not right, in words. Counts in count what was there.
sub judge {
    my ($self) = @_;
    my $count = $self->{count};
    $self->take_facts();
    $self->take_hearing();
    my $unfit = $self->unfit();
    if ($unfit) {
        $count->{"unfit: $unfit"}++;
        return;
    }
    $count->{judged}++;
    $count->{'judged with --probe'}++ if $self->{option};
    $self->look();
    my $judgement = $self->judgement();
    my @findings = $self->findings();
    for (map { @{ $_->{about} } } @findings) { $count->{ 'found: ' . (split / /)[0] }++ }
    my @wrong = $self->compare($judgement, @findings);
    push @wrong, $self->judge_fixes(@findings);
    /^(?:after the fixes: )?([A-Z]+)\b(?::? (\S+))?/ and $count->{"wrong: $1 $2"}++ for @wrong;
    return @wrong;
}

1;
