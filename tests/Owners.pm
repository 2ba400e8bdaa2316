package Owners;

# Which of two guests has an address, from what the administrator wrote and what has happened since: a model beside
# the program's own claims, which it never reads. Two guests may want an address, not more: of several to whom a free
# one could go, which one sync comes to first is nobody's to say.
#
# A guest is a hash: nic => { n => {ip4, ip6} }, addresses (policy's list, undef for the configuration's), allowed
# (undef, 'all' or 'ipv4': what of its addresses lies in policy's "allowed"), here (its configuration is on this node),
# running, bound => {ip => device}.

use strict;
use warnings;

sub new {
    my ($class, $guests) = @_;
    return bless { guests => $guests, owner => {}, shared => {} }, $class;
}

sub configured { my ($g) = @_; return map { @$_{qw(ip4 ip6)} } values %{ $g->{nic} } }

# What configuration and policy give it, allowed or not.
sub named { my ($g) = @_; return $g->{addresses} ? @{ $g->{addresses} } : configured($g) }

sub wants {
    my ($g) = @_;
    return grep { ($g->{allowed} // '') ne 'ipv4' || !/:/ } named($g);
}

# "addresses" under an exact id, inside "allowed", the configuration.
sub rank { my ($g) = @_; return $g->{addresses} ? 2 : $g->{allowed} ? 1 : 0 }

# Who has it in configuration or policy, on whatever node.
sub users {
    my ($self, $ip) = @_;
    return grep { my $g = $_; grep { $_ eq $ip } named($g), configured($g) } values %{ $self->{guests} };
}

# Those that share an address with it.
sub sharers {
    my ($self, $g) = @_;
    my %by = map { $_->{id} => $_ } $g, map { $self->users($_) } grep { $self->{shared}{$_} } named($g);
    return values %by;
}

# A claim goes when the guest or the address leaves the configuration.
sub holder {
    my ($self, $ip) = @_;
    my $g = $self->{guests}{ $self->{owner}{$ip} // '' };
    return $g && $g->{here} && (grep { $_ eq $ip } wants($g)) ? $g : undef;
}

# own: by its own start or the administrator's word, which alone takes from one that rests.
sub may_have {
    my ($self, $g, $ip, $own) = @_;
    my $holder = $self->{shared}{$ip} ? undef : $self->holder($ip);
    return 1 if !$holder || $holder == $g || rank($g) > rank($holder);
    return !$holder->{running} && $own;
}

# It runs, and all of it is looked at: what it has afterwards.
sub up {
    my ($self, $g, $own) = @_;
    my %bound;
    for my $ip (grep { $self->may_have($g, $_, $own) } wants($g)) {
        $bound{$ip} = $g->{device} if $g->{device};
        next if $self->{shared}{$ip};
        # From one that runs, too.
        delete $_->{bound}{$ip} for grep { $_ != $g } values %{ $self->{guests} };
        $self->{owner}{$ip} = $g->{id};
    }
    $g->{bound} = \%bound;
    return;
}

sub share {
    my ($self, @ips) = @_;
    $self->{shared}{$_} = 1 for @ips;
    delete $self->{owner}{$_} for @ips;
    return;
}

sub unshare { my ($self, @ips) = @_; delete $self->{shared}{$_} for @ips; return }

# The device on which it is answered for.
sub answered {
    my ($self) = @_;
    return map { %{ $_->{bound} // {} } } values %{ $self->{guests} };
}

1;
