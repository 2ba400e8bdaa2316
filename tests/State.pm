package State;

# What the kernel of this network namespace has that a fresh one has not, as far as guestarp may change it, and guestarp's
# records: one fact a line, sorted. Cheap, so that it can be read after each of a thousand events.
# Use:  perl -Itests -MState -e 'print State::text("/root/of/the/node")'

use strict;
use warnings;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return;
    my $text = <$in>;
    close $in;
    chomp $text if defined $text;
    return $text;
}

sub entries {
    my ($dir) = @_;
    opendir my $in, $dir or return;
    my @names = grep { !/^\./ } readdir $in;
    closedir $in;
    return @names;
}

# A value of /proc/sys/net, where it is there and not the kernel's default.
sub value {
    my ($tree, $dev, $key, $default, $word) = @_;
    my $value = slurp("/proc/sys/net/$tree/$dev/$key") // return;
    return $value == $default ? () : "$dev $word $value";
}

sub of_device {
    my ($dev) = @_;
    my @facts = (
        value('ipv4/conf',  $dev, 'arp_ignore',   0,  'arp_ignore'),
        value('ipv4/conf',  $dev, 'arp_announce', 0,  'arp_announce'),
        value('ipv4/conf',  $dev, 'arp_filter',   0,  'arp_filter'),
        value('ipv4/neigh', $dev, 'proxy_delay',  80, 'proxy_delay'),
        value('ipv6/neigh', $dev, 'proxy_delay',  80, 'proxy_delay_ipv6'),
        value('ipv6/conf',  $dev, 'proxy_ndp',    0,  'proxy_ndp'),
    );
    my $flags = slurp("/sys/class/net/$dev/flags");
    push @facts, "$dev NOARP" if defined $flags && hex($flags) & 0x80;
    if (-d "/sys/class/net/$dev/bridge" && (slurp("/sys/class/net/$dev/addr_assign_type") // '') eq '3') {
        push @facts, "$dev pinned " . slurp("/sys/class/net/$dev/address");
    }
    return @facts;
}

# Proxy entries and host routes; a route whose device has no carrier is there all the same.
sub of_tables {
    my @facts;
    for my $family (4, 6) {
        push @facts, map { /^(\S+) dev (\S+)\s+.*proxy/ ? "$2 proxy $1" : /^(\S+)\s+proxy/ ? "* proxy $1" : () }
          qx(ip -$family neigh show proxy);
        push @facts, map { /^([0-9a-f.:]+) dev (\S+) / && $1 !~ m{/} ? "$2 route $1" : () } qx(ip -$family route show);
    }
    return grep { !/ 198\.51\.100\./ } @facts;    # the tests' own fences
}

# ROOT: a node's GUESTARP_ROOT.
sub facts {
    my ($root) = @_;
    my @facts = of_tables();
    push @facts, of_device($_) for 'all', 'default', entries('/sys/class/net');
    push @facts, map { /^(.*)\.json$/ ? "record $1" : () } entries("$root/run/guestarp");
    return sort @facts;
}

# The names in guestarp's table, "name quiet fwbr101i*", one a line, sorted.
sub names {
    my ($set, @names) = ('');
    for (qx(nft list table arp guestarp 2>/dev/null)) {
        $set = $1 if /^\s*set (\w+) \{/;
        push @names, map { "name $set $_\n" } /"([^"]+)"/g if $set ne '';
        $set = '' if /^\s*\}/;
    }
    return join '', sort @names;
}

sub text {
    return join '', map { "$_\n" } facts(@_);
}

1;
