#!/usr/bin/perl
# Run by reading.t: makes container files of the grammar of vzctl 3.x, vzctl 4.x and libvzctl 7 and 8, and judges each by
# a reader of its own, written from the grammar as facts and cases have it and not from vz.c; compares that with what
# the program at ARGV[0] (reader.c) reads. GUESTARP_SEED, GUESTARP_FILES, GUESTARP_FILE (one alone, shown).

use strict;
use warnings;
use File::Temp;
use Socket qw(inet_pton inet_ntop AF_INET AF_INET6);

my ($program) = @ARGV;
my $seed  = $ENV{GUESTARP_SEED}  // time ^ $$ << 8;
my $files = $ENV{GUESTARP_FILES} // 3000;
my $only  = $ENV{GUESTARP_FILE};

# ---- the judge: lines ---------------------------------------------------------------------------------------------

# (key, value), or nothing.
sub cut {
    my ($generation, $line) = @_;
    my $libvzctl = $generation >= 7;
    $line =~ s/\\(.?)/$1/gs;
    if ($libvzctl) {
        my $kept = '';
        while ($line =~ /\G("[^"]*"?|'[^']*'?|.)/gs) {
            my $part = $1;
            last if $part eq '#' && $kept !~ /\S\z/;
            $kept .= $part;
        }
        $line = $kept;
    }
    $line =~ s/^\s+|\s+\z//g;
    return if $line eq '' || $line =~ /^#/;
    $line =~ s/"\z//     if $generation == 3;
    $line =~ s/["']\z//  if $libvzctl;
    my ($key, $value) = $line =~ /^([^=]*)=(.*)\z/s or return;
    if    ($libvzctl)                          { $value =~ s/^["']// }
    elsif ($value =~ s/^"// && $generation == 4) { $value =~ s/"[^"]*\z// or return }
    return ($key, $value);
}

# ---- the judge: addresses -------------------------------------------------------------------------------------------

sub number_of { my ($text) = @_; return inet_pton($text =~ /:/ ? AF_INET6 : AF_INET, $text) }

sub mask_length { # undef for a bad one
    my ($generation, $mask, $whole) = @_;
    if ($generation >= 7) {
        return undef if $mask eq '';
        if ($mask =~ tr/.// == 3) {
            my $number = number_of($mask) // return undef;
            return $whole if $whole == 128 || length $number != 4;
            my $bits = unpack 'B32', $number;
            return $bits =~ /^(1*)0*\z/ ? length $1 : 32;
        }
    }
    return 0 if $mask eq '';
    return undef if $mask !~ /^[+-]?[0-9]+\z/ || $mask < 0 || $mask > ($generation >= 7 ? 128 : $whole);
    return $mask > $whole ? $whole : $mask + 0;
}

# [address, length]; [] for one that nobody can have; undef for one that vzctl refuses.
sub address {
    my ($generation, $text) = @_;
    my ($ip, $mask) = $text =~ m{^([^/]*)(?:/(.*))?\z}s;
    my $number = number_of($ip) // return undef;
    my $whole = 8 * length $number;
    my $length = defined $mask ? mask_length($generation, $mask, $whole) : $whole;
    return undef if !defined $length;
    my @bytes = unpack 'C*', $number;
    return [] if $whole == 32 && ($bytes[0] == 0 || $bytes[0] == 127 || $bytes[0] > 223);
    return [] if $whole == 128 && ($bytes[0] == 255 || $number =~ /^\0{15}[\0\1]\z/s || $number =~ /^\0{10}\xff\xff/s);
    return [inet_ntop($whole == 32 ? AF_INET : AF_INET6, $number), $length];
}

sub list_of {
    my ($generation, $text) = @_;
    my @found;
    for my $token (grep { $_ ne '' } split($generation >= 7 ? qr/[ \t,]+/ : qr/[ \t]+/, $text)) {
        my $address = address($generation, $token) // last;
        push @found, $address if @$address;
    }
    return @found;
}

# ---- the judge: NETIF -----------------------------------------------------------------------------------------------

# The device as a hash, or nothing where vzctl refuses it.
sub device_of {
    my ($generation, $text) = @_;
    my $libvzctl = $generation >= 7;
    my %device = (ips => [], port => '', bridge => '');
    my @items = split /,/, $text, -1;
    my $mac = qr/^(?:[0-9a-f]{2}.){5}[0-9a-f]{2}/i;
    for my $at (0 .. $#items) {
        my ($key, $value) = $items[$at] =~ /^([a-z_0-9]+)=(.*)\z/s or next;
        next if $libvzctl && $value eq '' && $key !~ /^(?:type|vport)\z/;
        if ($key eq 'ifname' || $key eq 'host_ifname' || ($key eq 'bridge' && !$libvzctl)) {
            return if length $value > 15;
            my $as = { ifname => 'name', host_ifname => 'port', bridge => 'bridge' }->{$key};
            $device{$as} = $value if ($device{$as} // '') eq '';
        } elsif ($key eq 'mac' || $key eq 'host_mac') {
            return if $value !~ $mac && !($libvzctl && $value =~ /^[0-9a-f]{12}\z/i);
            $device{$key} = $value;
        } elsif ($key eq 'mac_filter' || ($key eq 'ip_filter' && $libvzctl)) {
            return if $value !~ /^(?:on|off|)\z/;
        } elsif (!$libvzctl) {
            next;
        } elsif ($key eq 'dhcp' || $key eq 'dhcp6') {
            return if $value !~ /^(?:yes|no)\z/;
        } elsif ($key eq 'type') {
            return if $value !~ /^(?:bridge|routed)\z/;
        } elsif ($key eq 'vport') {
            return if $value ne 'ovs';
        } elsif ($key eq 'network') {
            next if $device{network}++;
            return if $value !~ /^[A-Za-z0-9#() _.\x7f-\xff-]{1,64}\z/;
            $device{bridge} = $value if is_device($value);
        } elsif ($key eq 'gw' || $key eq 'gw6') {
            next if exists $device{$key};
            my $gateway = address($generation, $value) // return;
            $device{$key} = @$gateway && ($gateway->[0] =~ /:/) == ($key eq 'gw6') ? $gateway->[0] : '';
        } elsif ($key eq 'ip' || $key eq 'ip6') {
            # ip6 has the ',' for itself: it reads on to the device's end.
            my @texts = $key eq 'ip' ? split /:/, $value : ($value, @items[$at + 1 .. $#items]);
            push @{ $device{ips} }, grep { $_ && @$_ } map { address($generation, $_) } @texts;
        }
    }
    return if ($device{name} // '') eq '';
    if ($device{port} eq '' && $libvzctl) {
        my $digits = lc substr +(($device{mac} // '') =~ s/[^0-9a-f]//gir), 0, 12;
        $device{port} = 'veth' . substr $digits, 4 if length $digits == 12;
    } elsif ($device{port} eq '') {
        $device{port} = sprintf 'veth101.%d', $device{name} =~ /^[^0-9]+([0-9]+)/ ? $1 : 0;
    }
    return \%device;
}

sub devices_of {
    my ($generation, $text) = @_;
    my (@devices, %seen);
    for my $part (grep { $_ ne '' } split /;/, $text) {
        my $device = device_of($generation, $part);
        if    ($device)         { push @devices, $device if !$seen{ $device->{name} }++ }
        elsif ($generation < 7) { last }
    }
    return @devices;
}

sub is_device { return $_[0] =~ m{^[^/:\s]{1,15}\z} && $_[0] !~ /^\.\.?\z/ }

# ---- the judge: a file ----------------------------------------------------------------------------------------------

sub judge {
    my ($generation, $text) = @_;
    my $libvzctl = $generation >= 7;
    my (%last, @addresses, @devices, $name, $chosen, @veth, $bridge);
    my $take = sub {
        my ($key, $value) = @_;
        if    ($key eq 'IP_ADDRESS')      { push @addresses, list_of($generation, $value) }
        elsif ($key eq 'VETH_IP_ADDRESS') { @veth = list_of($generation, $value) }
        elsif ($key eq 'NETIF')           { @devices = devices_of($generation, $value) if !@devices }
        elsif ($key eq 'VZHOSTBR')        { $bridge = is_device($value) ? $value : '' }
        elsif ($key eq 'NAME') {
            my $good = $libvzctl ? qr/^[A-Za-z0-9 +_.\x7f-\xff-]+\z/ : qr/^[A-Za-z0-9 +_.-]+\z/;
            $name //= $value if $value =~ $good;
        } elsif ($key eq 'GUESTARP_DEVICE' && !defined $chosen) {
            return 'refused' if !is_device($value);
            $chosen = $value;
        }
        return;
    };
    for my $line (split /\n/, $text, -1) {
        my ($key, $value) = cut($generation, $line) or next;
        if   ($libvzctl) { $last{$key} = $value }
        else             { my $refused = $take->($key, $value); return $refused if $refused }
    }
    for my $key (sort keys %last) {
        my $refused = $take->($key, $last{$key});
        return $refused if $refused;
    }
    return told($name, $chosen, \@addresses, \@devices, \@veth, $libvzctl ? '' : $bridge // '');
}

sub told {
    my ($name, $chosen, $addresses, $devices, $veth, $bridge) = @_;
    my ($many, %port, %seen, @nics, @ips) = (@$devices > 32);
    # The kernel makes none with such a name, and no second one of a name.
    @nics = grep { my $nic = $_; !grep { $_ ne '' && !is_device($_) } @$nic{qw(port bridge)} } @$devices;
    @nics = grep { $_->{port} eq '' || !$port{ $_->{port} }++ } @nics;
    @ips = map { $_->[0] } @$addresses;
    push @ips, map { map { $_->[0] } @{ $_->{ips} } } @nics;
    push @ips, map { $_->[0] } @$veth;
    my ($routed) = grep { $_->{bridge} eq '' } @nics;
    push @{ $routed->{ips} }, @$veth if $routed;
    $_->{bridge} = $bridge for grep { $_->{bridge} eq '' && !@{ $_->{ips} } } @nics;
    @ips = grep { !$seen{$_}++ } @ips;
    return 'refused' if $many || @ips > 128 || @$veth > 16 || grep { @{ $_->{ips} } > 16 } @nics;
    $name = '' if length($name // '') > 64;
    return join ' ', 'device=' . ($chosen // ''), 'name=' . ($name // ''), (
        map {
            my $nic = $_;
            "nic=$nic->{port}>$nic->{bridge}@" . ($nic->{gw} // '') . '@' . ($nic->{gw6} // '') . '('
                . join(',', map { "$_->[0]/$_->[1]" } @{ $nic->{ips} }) . ')'
        } @nics
    ), 'ips=' . join ',', @ips;
}

# ---- the generator --------------------------------------------------------------------------------------------------

sub one_of { return $_[rand @_] }
sub chance { return rand() < $_[0] }
sub times_of { my ($max, $make) = @_; return map { $make->() } 1 .. 1 + int rand $max }

sub random_address {
    return one_of('127.0.0.1', '0.0.0.0', '::', '::0', '::1', '224.0.0.5', 'ff02::1', '::ffff:192.0.2.1', '10.1', 'x', '192.0.2.256',
        '1.2.3', '2001:db8::g', 'all', '192.0.2.7;', '255.255.255.255', '0.1.2.3') if chance(0.12);
    return one_of('2001:db8::', '2001:DB8:0::', 'fd00::', '2001:db8:0:0:0:0:0:') . sprintf('%x', int rand 9) if chance(0.3);
    return one_of('192.0.2.', '198.51.100.', '10.0.0.') . int rand 9;
}

sub random_mask {
    return one_of('24', '32', '64', '0', '8', '08', '+8', '', '33', '128', '129', '-1', '255.255.255.0', '255.0.255.0', '255.255.256.0',
        '255.255.255', '0.0.0.0', '255.255.255.255', '1x', 'x', '999999999999999999999', '::1.2.3.4');
}

sub random_ip { return random_address() . (chance(0.4) ? '/' . random_mask() : '') }

sub random_list {
    my $between = one_of(' ', ' ', ' ', "\t", '  ', ',', ' , ', ';');
    return join $between, times_of(chance(0.02) ? 200 : 5, \&random_ip) if chance(0.95);
    return join ' ', map { "198.18.0.$_" } 1 .. 120 + int rand 16;
}

sub random_mac {
    return one_of('bad', '00:18:51:0a:0b', '0018510A0B0C', '00:18:51:0a:0b:0g', '00-18-51-0a-0b-0c', '00:18:51:0a:0b:0cX', 'xx:18:51:0a:0b:0c')
        if chance(0.12);
    return sprintf '00:18:51:%02X:%02x:%02X', map { int rand 256 } 1 .. 3;
}

sub random_item {
    my $on = one_of('on', 'off', 'on', 'off', 'x', '');
    my $yes = one_of('yes', 'no', 'yes', 'no', 'maybe', '');
    return one_of(
        'bridge=' . one_of('br0', 'br1', 'vmbr0', '', 'abcdefghijklmno', 'abcdefghijklmnopq'),
        'network=' . one_of('br0', 'br1', 'my network', 'Office(2)', 'a/b', '', 'a-name-that-is-too-long-for-a-device'),
        'host_ifname=' . one_of('p0', 'p1', 'p2', '', 'abcdefghijklmno', 'abcdefghijklmnopq'),
        'mac=' . random_mac(), 'host_mac=' . random_mac(),
        "mac_filter=$on", "ip_filter=$on", "dhcp=$yes", "dhcp6=$yes",
        'type=' . one_of('bridge', 'routed', 'bridge', 'routed', 'x'), 'vport=' . one_of('ovs', 'ovs', 'x'),
        'gw=' . random_ip(), 'gw6=' . random_ip(), 'configure=' . one_of('none', 'all', 'x'), 'ifaceid=7',
        'ip=' . join(':', times_of(chance(0.03) ? 20 : 3, \&random_ip)), 'ip6=' . join(',', times_of(3, \&random_ip)),
        random_ip(), 'new=1', '', ' bridge=br9', 'ifname=eth9', 'BRIDGE=br8', 'x',
    );
}

sub random_device {
    my $name = one_of('eth0', 'eth1', 'eth2', 'eth12', 'wan', '7eth', 'eth07', 'abcdefghijklmno', 'e1x2');
    $name = one_of('', 'abcdefghijklmnopq') if chance(0.04);
    my @items = ("ifname=$name");
    push @items, 'mac=' . random_mac() if chance(0.7);
    push @items, 'host_ifname=p' . int rand 4 if chance(0.5);
    push @items, random_item() for 1 .. rand 4;
    shift @items if chance(0.04);
    for my $at (reverse 1 .. $#items) {
        next if !chance(0.3);
        my $other = int rand $at + 1;
        @items[$at, $other] = @items[$other, $at];
    }
    return join ',', @items;
}

sub random_value {
    my ($key) = @_;
    return random_list() if $key =~ /IP_ADDRESS/;
    return join one_of(';', ';', ';;', '; '), times_of(4, \&random_device) if $key eq 'NETIF' && chance(0.99);
    return join ';', map { "ifname=eth$_" } 0 .. 28 + int rand 8 if $key eq 'NETIF';
    return one_of('web', 'a b', 'x-1', 'a+b_c.d', 'a/b', "\xc3\xa4", '$VEID', 'a=b', 'n' x 70) if $key eq 'NAME';
    return one_of('eth3', 'eth4', 'bond0.7', 'eth3', 'eth4', 'eth/3', 'abcdefghijklmnopq') if $key eq 'GUESTARP_DEVICE';
    return one_of('vmbr0', 'br7', '', 'a/b') if $key eq 'VZHOSTBR';
    return one_of('yes', '14372700:14790164', '/vz/root/$VEID', 'a # b', q{it's}, 'a "b" c');
}

sub random_line {
    my $key = one_of(qw(IP_ADDRESS IP_ADDRESS IP_ADDRESS NETIF NETIF NETIF NAME VETH_IP_ADDRESS VZHOSTBR ONBOOT VE_ROOT EXT_IP_ADDRESS));
    $key = 'GUESTARP_DEVICE' if chance(0.08);
    $key = one_of("$key ", " $key", "\t$key", "export $key", "#$key", " # $key", lc $key, "X$key", '') if chance(0.1);
    my $value = random_value($key =~ s/^\s*(?:export )?#?\s*|\s+\z//gr);
    my $quoted = one_of(map({ qq("$value") } 1 .. 12), map({ $value } 1 .. 3), "'$value'", qq("$value), qq($value"), qq('$value"), qq( "$value"),
        qq("$value""), qq("$value' ), '"', '""', '', q{'}, qq(\\"$value\\"));
    my $line = "$key=$quoted";
    $line .= one_of(' # x', ' # "x"', "#x", " 'y' # z", "\t#", ' ', "\t \r", '\\', ' \\', '\\\\', '"') if chance(0.15);
    substr $line, rand length $line, 0, one_of('\\', '\\', '"', q{'}, '#', ' ', '=') if chance(0.06);
    return $line;
}

sub random_file {
    my @lines = ('# a comment', times_of(8, sub { chance(0.06) ? one_of('', '   ', 'no equals', '=', '"', '# "', '\\') : random_line() }));
    return join("\n", @lines) . (chance(0.9) ? "\n" : '');
}

# ---- comparing ------------------------------------------------------------------------------------------------------

print "# seed $seed, $files files\n";
my (@asked, $in);
my $out = File::Temp->new;
for my $number (1 .. $files) {
    srand $seed + $number;
    my $text = random_file();
    next if defined $only && $only != $number;
    for my $generation (3, 4, 7, 8) {
        push @asked, [$number, $generation, $text];
        print $out $generation, ' ', length $text, "\n", $text;
    }
}
close $out or die "$out: $!\n";
open $in, '-|', 'sh', '-c', '"$0" <"$1"', $program, "$out" or die "$program: $!\n";
my (%different, %refused, $shown);
for (@asked) {
    my ($number, $generation, $text) = @$_;
    my $got = <$in> // "nothing: the program has ended\n";
    my $want = judge($generation, $text);
    chomp $got;
    my $same = $want eq 'refused' ? $got =~ /^refused: f/ : $got eq $want;
    $refused{$generation}++ if $want eq 'refused';
    print "# file $number, generation $generation\n# got:  $got\n# want: $want\n", $text =~ s/^(.{200}).*/$1.../gmr =~ s/^/#   | /gmr, "\n"
        if defined $only || (!$same && $shown++ < 3);
    $different{$generation}++ if !$same;
}
close $in or $different{8}++;
for my $generation (3, 4, 7, 8) {
    my $differences = $different{$generation} // 0;
    printf "%s %s: %d files read, %d of them refused, %d differences\n", $differences ? 'not ok' : 'ok',
        { 3 => 'vzctl 3.x', 4 => 'vzctl 4.x', 7 => 'libvzctl 7', 8 => 'libvzctl 8' }->{$generation}, @asked / 4,
        $refused{$generation} // 0, $differences;
}
print "1..4\n";
