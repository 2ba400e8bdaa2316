# Who is right on a host of HarmHost's, for harm.t: a model of guestarp.json(5)'s rules and the kernel's decision. It
# knows the host as it was made and which guests were started and stopped; nothing that guestarp says, plans or records.
#
#   my $right = HarmRight->new($host);
#   $right->up($guest); $right->down($guest);      what its events are to come to
#   $right->answers($segment, $address, $sender)   the host's devices that answer there

package HarmRight;

use strict;
use warnings;
use Socket qw(inet_pton AF_INET AF_INET6);

sub is_v6 { return $_[0] =~ /:/ }
sub bits  { return unpack 'B*', inet_pton(is_v6($_[0]) ? AF_INET6 : AF_INET, $_[0]) }

my %bits;

# Is the address inside the prefix "ADDRESS/LENGTH"?
sub inside {
    my ($address, $prefix) = @_;
    my ($base, $len) = split m{/}, $prefix;
    return if is_v6($address) != is_v6($base);
    $len //= is_v6($base) ? 128 : 32;
    my $a = $bits{$address} //= bits($address);
    my $b = $bits{$base}    //= bits($base);
    return substr($a, 0, $len) eq substr($b, 0, $len);
}

sub new {
    my ($class, $h) = @_;
    my $r = bless { h => $h, entries => {}, claims => {}, running => {}, bound => {}, ways => {}, prepared => 0 },
      $class;
    for my $name (keys %{ $h->{devices} }, keys %{ $h->{bridges} }) {
        my $device = $h->{devices}{$name} // $h->{bridges}{$name};
        $r->{addresses}{$name}      = $device->{addresses} // [];
        $r->{own}{s{/.*}{}r}{$name} = 1 for @{ $r->{addresses}{$name} };
    }
    $r->{entries}{ $_->[0] }{ $_->[1] } = 'administrator' for @{ $h->{entries} };
    for (@{ $h->{routes} }) {
        my ($to, $device, $gateway) = @$_;
        next if $to ne 'default';
        $r->{gateways}{ is_v6($gateway) ? 6 : 4 } = [$gateway, $device];
    }
    return $r;
}

sub device { my ($r, $name) = @_; return $r->{h}{devices}{$name} // $r->{h}{bridges}{$name} }

# ---- segments ----------------------------------------------------------------------------

sub segment_of_device {
    my ($r, $name) = @_;
    my $device = $r->device($name);
    return defined $device->{lan} ? "lan$device->{lan}" : $name;
}

sub segment_of_nic {
    my ($r, $nic) = @_;
    return $nic->{routed} ? "port $nic->{port}" : $r->segment_of_device($nic->{bridge});
}

sub host_devices {
    my ($r, $segment) = @_;
    return grep { !$r->device($_)->{master} && $r->segment_of_device($_) eq $segment } sort keys %{ $r->{addresses} };
}

# ---- the kernel ----------------------------------------------------------------------------

sub is_local {
    my ($r, $address) = @_;
    return 1 if $r->{own}{$address};
    return $address eq '10.255.0.1' && (grep { $_->{routed} } map { @{ $_->{nics} } } values %{ $r->{running} }) > 0;
}

# The device by which the host sends to the address.
sub route {
    my ($r,    $address) = @_;
    my ($best, $by)      = (-1, undef);
    my $try = sub {
        my ($prefix, $device) = @_;
        my $len = $prefix =~ m{/(\d+)} ? $1 : 0;
        return if $len <= $best || !inside($address, $prefix);
        ($best, $by) = ($len, $device);
    };
    for my $name  (sort keys %{ $r->{addresses} }) { $try->($_, $name) for @{ $r->{addresses}{$name} } }
    for my $way   (values %{ $r->{ways} }) { $try->($_ . (is_v6($_) ? '/128' : '/32'), $way->{$_}) for keys %$way }
    for my $route (@{ $r->{h}{routes} }) {
        my ($to, $device, $gateway) = @$route;
        $to = is_v6($gateway) ? '::/0' : '0.0.0.0/0' if $to eq 'default';
        $try->($to, $device);
    }
    for my $nic (grep { $_->{routed} } map { @{ $_->{nics} } } values %{ $r->{running} }) {
        $try->($_, $nic->{port}) for @{ $nic->{conf} };
    }
    return $by;
}

# arp_process() and ndisc_recv_ns(): which of the host's devices there answer the sender.
sub answers {
    my ($r, $segment, $address, $sender) = @_;
    if ($segment =~ /^port (.*)/) {
        my $by = $r->route($address);
        return $r->is_local($address) || (defined $by && $by ne $1) ? $1 : ();
    }
    return grep { $r->device_answers($_, $address, $sender) } $r->host_devices($segment);
}

sub device_answers {
    my ($r, $device, $address, $sender) = @_;
    # rp_filter, also the loose one: what comes in by a device without an address must go back that way.
    return
         if !is_v6($address)
      && $r->{h}{rp_filter}
      && !grep({ !is_v6($_) } @{ $r->{addresses}{$device} })
      && ($r->route($sender) // '') ne $device;
    my $has = ($r->{own}{$address} // {})->{$device};
    if    (is_v6($address)) { return 1 if $has }
    elsif ($r->is_local($address)) {
        my $said = $r->{h}{policy}{devices}{$device};
        return $has || !$said || !$r->{prepared};
    }
    return if !($r->{entries}{$device} // {})->{$address};
    # ndisc_recv_ns() asks for no route.
    return 1 if is_v6($address);
    my $by = $r->route($address);
    return defined $by && $by ne $device;
}

# ---- policy ----------------------------------------------------------------------------

sub private {
    my ($address) = @_;
    return grep { inside($address, $_) } qw(10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7);
}

sub sane {
    my ($r, $address, $bridge) = @_;
    return if grep { inside($address, $_) } qw(169.254.0.0/16 fe80::/10 127.0.0.0/8 224.0.0.0/3 0.0.0.0/8 ff00::/8);
    return if $r->{own}{$address};
    my $gateway = $r->{gateways}{ is_v6($address) ? 6 : 4 };
    return !$gateway || $gateway->[0] ne $address || $gateway->[1] eq $bridge;
}

sub holds {
    my ($r, $device, $address) = @_;
    return grep { !m{/(?:32|128)$} && inside($address, $_) } @{ $r->{addresses}{$device} // [] };
}

# May the address be bound on the device?
sub may_bind {
    my ($r, $address, $nic, $device, $named) = @_;
    my $bridge = $nic->{bridge};
    return   if !$r->sane($address, $bridge) || !$r->device($device);
    return   if $bridge ne '' && ($device eq $bridge || ($r->device($device)->{master} // '') eq $bridge);
    return 1 if $named || $r->holds($device, $address);
    return !($bridge ne '' && private($address) && $r->holds($bridge, $address));
}

sub may_route {
    my ($r, $address, $nic, $device) = @_;
    my $bridge = $nic->{bridge};
    return if !$r->sane($address, $bridge) || !$r->device($device) || $r->device($device)->{master};
    return if $bridge ne '' && $device ne $bridge && $r->{h}{bridges}{$device};
    return !($bridge ne '' && $r->holds($bridge, $address));
}

# Of one address on two of its NICs nobody knows which has it, so what keeps one off a device keeps off the other.
sub may_bind_all {
    my ($r, $g, $address, $device, $named) = @_;
    for my $nic (@{ $g->{nics} }) {
        return if grep({ s{/.*}{}r eq $address } @{ $nic->{conf} }) && !$r->may_bind($address, $nic, $device, $named);
    }
    return 1;
}

# Each address that policy and configuration give it: [address, nic, rank, device, way]
sub wants {
    my ($r, $g) = @_;
    my $p = $g->{policy};
    my @wants;
    for my $nic (@{ $g->{nics} }) {
        my $said   = $p->{nics}{"net$nic->{n}"} // {};
        my $listed = $said->{addresses}         // $p->{addresses};
        my $device = exists $said->{device} ? $said->{device} : $p->{device};
        my $named  = exists $said->{device} || $listed;
        for my $address (map { s{/.*}{}r } @{ $nic->{conf} }) {
            next if $listed       && !grep { $_ eq $address } @$listed;
            next if $p->{allowed} && !grep { inside($address, $_) } @{ $p->{allowed} };
            push @wants,
              { address => $address,
                rank    => $listed ? 2 : $p->{allowed} ? 1 : 0,
                device  => defined $device     && $r->may_bind_all($g, $address, $device, $named) ? $device   : undef,
                way     => defined $p->{route} && $r->may_route($address, $nic, $p->{route})    ? $p->{route} : undef };
        }
    }
    return @wants;
}

# Does it get the address? Of equal rank the one that runs keeps it; else that one goes without from now on.
sub claim {
    my ($r, $g, $want) = @_;
    my $claim = $r->{claims}{ $want->{address} };
    my $other = $claim && $claim->{guest} != $g && !$claim->{guest}{destroyed} && $r->{running}{ $claim->{guest} };
    return 0 if $other && $want->{rank} <= $claim->{rank};
    if ($other) {
        $r->release($claim->{guest}, $want->{address});
        $claim->{guest}{refused}{ $want->{address} } = 1;
    }
    $r->{claims}{ $want->{address} } = { guest => $g, rank => $want->{rank} };
    return 1;
}

sub release {
    my ($r, $g, $address) = @_;
    my $device = delete $r->{bound}{$g}{$address};
    delete $r->{entries}{$device}{$address} if defined $device;
    delete $r->{ways}{$g}{$address};
    return;
}

sub shared { my ($r, $address) = @_; return ($r->{h}{shared} // '') eq $address }

sub up {
    my ($r, $g) = @_;
    $r->{running}{$g} = $g;
    return if !$g->{managed};
    $r->{prepared} = 1;
    for my $want ($r->wants($g)) {
        my $address = $want->{address};
        if (!$r->shared($address) && !$r->claim($g, $want)) {
            $g->{refused}{$address} = 1;
            next;
        }
        $r->{ways}{$g}{$address} = $want->{way} if defined $want->{way};
        my $device = $want->{device} // next;
        # Where the guest is in front of the device there is nobody to answer for. An entry that is there is adopted.
        next
          if is_v6($address)
          && ($r->route($address) // '') eq $device
          && !($r->{entries}{$device} // {})->{$address};
        my %others = map { $_ => 1 } (grep { @{ $r->{addresses}{$_} } } keys %{ $r->{addresses} }),
          keys %{ $r->{h}{policy}{devices} // {} };
        delete $others{$device};
        delete $r->{entries}{$_}{$address} for keys %others;
        $r->{entries}{$device}{$address} = 'guestarp';
        $r->{bound}{$g}{$address}        = $device;
    }
    return;
}

sub down {
    my ($r, $g) = @_;
    delete $r->{running}{$g};
    delete $g->{refused};
    for my $address (keys %{ $r->{bound}{$g} }, keys %{ $r->{ways}{$g} }) {
        next if $r->shared($address) && grep { exists(($r->{bound}{$_} // {})->{$address}) } values %{ $r->{running} };
        $r->release($g, $address);
    }
    delete $r->{bound}{$g};
    delete $r->{ways}{$g};
    return;
}

1;
