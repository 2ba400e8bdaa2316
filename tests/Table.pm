package Table;

# The nftables table of quiet names, as nft itself reads it and as a host's files want it: a second witness beside the
# program's own. One fact a line, as in State.pm; a table that is not whole has other facts than one that is.

use strict;
use warnings;
use JSON::PP ();

my $json = JSON::PP->new->canonical->allow_nonref;

# The rules, in their order: what is in no set is done with at once.
my @rules = (
    '[{"match":{"left":{"meta":{"key":"iifname"}},"op":"!=","right":"@quiet"}},{"accept":null}]',
    '[{"match":{"left":{"payload":{"field":"operation","protocol":"arp"}},"op":"==","right":"request"}},'
      . '{"match":{"left":{"meta":{"key":"iifname"}},"op":"!=","right":"@loud"}},{"drop":null}]',
);

sub set_facts {
    my ($set) = @_;
    my $kind = join ' ', map { ref $set->{$_} ? @{ $set->{$_} } : $set->{$_} // () } qw(type flags);
    return "table set $set->{name}: $kind", map { "table $set->{name} " . (ref $_ ? $json->encode($_) : $_) } @{ $set->{elem} // [] };
}

# What nft lists. Without the table, nothing.
sub facts {
    my $text = qx(nft -j list table arp guestarp 2>/dev/null);
    my (@facts, $rules);
    return if $text eq '';
    for my $item (@{ $json->decode($text)->{nftables} }) {
        my ($what, $value) = %$item;
        push @facts, 'table arp guestarp' . join '', map { " $_" } ref $value->{flags} ? @{ $value->{flags} } : $value->{flags} // () if $what eq 'table';
        push @facts, set_facts($value) if $what eq 'set';
        push @facts, 'table chain ' . join ' ', map { $_ // '-' } @$value{qw(name type hook prio policy)} if $what eq 'chain';
        push @facts, 'table rule ' . ++$rules . ': ' . $json->encode($value->{expr}) if $what eq 'rule';
        push @facts, "table $what?" if $what !~ /^(?:metainfo|table|set|chain|rule)$/;
    }
    return sort @facts;
}

# The whole table with these names: "quiet NAME", "loud NAME".
sub with {
    my (@names) = @_;
    return sort 'table arp guestarp', 'table chain input filter input 0 accept', (map { "table set $_: ifname interval" } qw(loud quiet)),
      (map { 'table rule ' . ($_ + 1) . ": $rules[$_]" } 0 .. $#rules), map { "table $_" } @names;
}

sub firewall_names { my ($id) = @_; return ("fwbr${id}i*", "fwln${id}i*", "fwln${id}o*", "fwpr${id}p*") }

sub port_names { my ($id) = @_; return ("tap${id}i*", "veth${id}i*") }

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return <$in> // '';
}

# The table that a Proxmox VE node's files want: ROOT is its GUESTARP_ROOT. Policy in plain JSON, of single guests, "*" and
# defaults; guests whose NICs are all bridged. Nothing where no guest is managed.
sub wanted {
    my ($root) = @_;
    my $policy = $json->decode(slurp("$root/etc/guestarp/guestarp.json") || '{}');
    my $guests = $policy->{guests} // {};
    my @names;
    my $all_quiet = $guests->{'*'} && ({ %{ $policy->{defaults} // {} }, %{ $guests->{'*'} } }->{firewall_bridge} // '') ne 'leave';
    push @names, map { my $stem = $_; map { "quiet $stem$_*" } 1 .. 9 } qw(fwbr fwln fwpr) if $all_quiet;
    for my $conf (glob "$root/etc/pve/lxc/*.conf $root/etc/pve/qemu-server/*.conf") {
        my ($id) = $conf =~ /(\d+)\.conf$/;
        next if !$guests->{'*'} && !$guests->{$id} && slurp($conf) !~ m{^hookscript: local:snippets/guestarp$}m;
        my %of = (%{ $policy->{defaults} // {} }, %{ $guests->{'*'} // {} }, %{ $guests->{$id} // {} });
        my $loud = ($of{firewall_bridge} // '') eq 'leave';
        push @names, map { ($loud ? 'loud ' : 'quiet ') . $_ } firewall_names($id) if $loud == !!$all_quiet;
        push @names, map { "quiet $_" } port_names($id) if ($of{ports} // '') ne 'leave';
    }
    return @names ? with(@names) : ();
}

1;
