#!/usr/bin/perl
# Run by random.t in its namespaces. The model knows guests, their NICs, what is plugged and what the policy says; never a
# record, never what guestarp printed. Devices are made in Proxmox VE's order (facts/pve.md 3.2, 4), in as few calls as it takes.

use strict;
use warnings;
use State;
use Table;

$| = 1;
my $build  = $ENV{GUESTARP_BUILD};
my $root   = $ENV{GUESTARP_ROOT};
my @wrap   = split ' ', $ENV{GUESTARP_WRAP} // '';
my $seed   = $ENV{GUESTARP_SEED} // (time ^ $$ << 8) % 1_000_000;
my $events = $ENV{GUESTARP_EVENTS} // 1000;
my $block  = $events < 100 ? $events : 100;
my (%guest, %bound_once, @queue, @history, $said);
my $table = 0;    # it is there: a managed guest has had an event, or the host a sync
srand $seed;
print STDERR "# seed $seed, $events events\n";

sub pick { return $_[rand @_] }
sub maybe { return rand() < ($_[0] // 0.5) }

# ---- the model --------------------------------------------------------------------------------------------------------

# id => { vm, managed, device, leave, running, quiet => {nic => 1}, up, nic => { n => {bridge, firewall, plugged} } }
for my $id (101 .. 120, 201 .. 210) {
    $guest{$id} = {
        id => $id, vm => $id > 200, managed => $id % 6 != 0, device => pick('eth3', 'eth4', ''), leave => 0, running => 0, up => 0,
        nic => { 0 => { bridge => 'vmbr1', firewall => 1 } },
    };
}

sub ipv4    { my ($g, $n) = @_; return '192.168.' . (18 + $n) . '.' . ($g->{id} % 100 + ($g->{vm} ? 100 : 0) + 20) }
sub ipv6    { my ($g, $n) = @_; return '2001:db8:18::' . $g->{id} . ':' . ($n + 1) }
sub port    { my ($g, $n) = @_; return ($g->{vm} ? 'tap' : 'veth') . "$g->{id}i$n" }

# The hook of this guest was called, or udev or sync for it, while it runs.
sub model_up {
    my ($g) = @_;
    return if !$g->{managed} || !$g->{running};
    $table = 1;
    $g->{up} = $g->{device} || 'no device';
    $g->{bound} = [keys %{ $g->{nic} }];
    $bound_once{ $g->{device} } = 1 if $g->{device};
    # A bridge that a crash left behind, of a NIC since taken out, stays quiet.
    $g->{quiet}{$_} = 1 for grep { $g->{fwbr}{$_} } keys %{ $g->{nic} };
    return;
}

# Its names stay, and a firewall bridge that outlives it stays quiet.
sub model_down {
    my ($g) = @_;
    @$g{qw(up bound)} = (0, []);
    return;
}

# Of every managed guest, whether it runs or not.
sub model_names {
    my @names;
    for my $g (grep { $_->{managed} } values %guest) {
        push @names, map { "quiet $_" } "fwbr$g->{id}i*", "fwln$g->{id}i*", "fwln$g->{id}o*", "fwpr$g->{id}p*";
        push @names, map { "quiet $_" } "tap$g->{id}i*", "veth$g->{id}i*" if !$g->{leave};
    }
    return $table ? Table::with(@names) : ();
}

sub model_facts {
    my @facts;
    for my $g (values %guest) {
        push @facts, map { ("fwbr$g->{id}i$_ NOARP", "fwbr$g->{id}i$_ arp_ignore 1") } keys %{ $g->{quiet} };
        next if !$g->{up};
        push @facts, "record pve-$g->{id}";
        next if $g->{up} eq 'no device';
        push @facts, map { ("$g->{up} proxy " . ipv4($g, $_), "$g->{up} proxy " . ipv6($g, $_),
            'lo route ' . ipv4($g, $_), 'lo route ' . ipv6($g, $_)) } @{ $g->{bound} };
    }
    push @facts, map { ("$_ proxy_delay 0", "$_ proxy_delay_ipv6 0", "$_ proxy_ndp 1") } keys %bound_once;
    return sort @facts, model_names();
}

# ---- the host -----------------------------------------------------------------------------------------------------------

sub batch {
    my ($text) = @_;
    return if $text eq '';
    open my $ip, '|-', 'ip', '-batch', '-' or die "ip: $!\n";
    print $ip $text;
    close $ip or die "ip -batch failed:\n$text";
    return;
}

sub write_file {
    my ($path, $text) = @_;
    open my $out, '>', "$path.new" or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    rename "$path.new", $path or die "$path: $!\n";
    return;
}

sub write_conf {
    my ($g) = @_;
    my $text = $g->{managed} ? "hookscript: local:snippets/guestarp\n" : '';
    for my $n (sort keys %{ $g->{nic} }) {
        my $nic = $g->{nic}{$n};
        my $common = "bridge=$nic->{bridge}" . ($nic->{firewall} ? ',firewall=1' : '');
        my $ips = 'ip=' . ipv4($g, $n) . '/32,ip6=' . ipv6($g, $n) . '/128';
        $text .= $g->{vm} ? "net$n: virtio=02:9E:00:00:00:00,$common\nipconfig$n: $ips\n" : "net$n: name=eth$n,$common,$ips,type=veth\n";
    }
    write_file("$root/etc/pve/" . ($g->{vm} ? 'qemu-server' : 'lxc') . "/$g->{id}.conf", $text);
    return;
}

sub write_policy {
    my @guests = grep { $_->{managed} } sort { $a->{id} <=> $b->{id} } values %guest;
    my $guests = join ', ', map {
        my @keys = ($_->{device} ? qq("device": "$_->{device}", "route": "lo") : (), $_->{leave} ? '"ports": "leave"' : ());
        @keys ? qq("$_->{id}": {) . join(', ', @keys) . '}' : ()
    } @guests;
    write_file("$root/etc/guestarp/guestarp.json", qq({"defaults": {"announce": 1}, "guests": {$guests}}\n));
    return;
}

sub run {
    my ($environment, $program, @arguments) = @_;
    $said .= "  $program @arguments\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = (LC_ALL => 'C', PATH => '/usr/sbin:/usr/bin:/sbin:/bin', GUESTARP_ROOT => $root, %$environment,
            map { defined $ENV{$_} ? ($_ => $ENV{$_}) : () } qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS));
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', '/run/test/said';
        open STDERR, '>>', '/run/test/said';
        exec @wrap, "$build/$program", @arguments or exit 127;
    }
    waitpid $pid, 0;
    die "$program @arguments: exit status " . ($? >> 8) . "\n" if $?;
    return;
}

sub hookscript {
    my ($g, $phase) = @_;
    run({ PVE_MIGRATED_FROM => '' }, 'guestarp-pve', $g->{id}, $phase) if $g->{managed};
    $table = 1 if $g->{managed} && $phase =~ /start/;
    return;
}

# LXC's hook is in a drop-in: it is called for each container.
sub lxc_hook {
    my ($g, $hook, $target) = @_;
    run({ LXC_NAME => $g->{id}, LXC_TARGET => $target // '', LXC_CONFIG_FILE => "$root/var/lib/lxc/$g->{id}/config" },
        'guestarp-lxc', $g->{id}, 'lxc', $hook);
    return;
}

sub udev { push @queue, [@_]; return }

sub settle {
    run({ ACTION => $_->[0] }, 'guestarp-udev', @$_) for splice @queue;
    return;
}

sub guestarp_sync {
    run({}, 'guestarp', 'sync');
    $table = 1;
    model_up($_) for values %guest;
    return;
}

# ---- devices ---------------------------------------------------------------------------------------------------------------

# All devices of one firewall bridge are one group: the kernel deletes a group at once.
sub fw_group { my ($g, $n) = @_; return $g->{id} * 4 + $n }

sub fw_cleanup {
    my ($g, $n) = @_;
    return if !delete $g->{fwbr}{$n};
    delete $g->{quiet}{$n};
    batch('link del group ' . fw_group($g, $n) . "\n");
    return;
}

sub tap_plug {
    my ($g, $n) = @_;
    my ($nic, $id, $port) = ($g->{nic}{$n}, $g->{id}, port($g, $n));
    my $group = fw_group($g, $n);
    fw_cleanup($g, $n);
    if (!$nic->{firewall}) {
        batch("link set $port master $nic->{bridge}\n");
        return;
    }
    batch(<<"END");
link add fwbr${id}i$n group $group type bridge
link set fwbr${id}i$n up
link add fwln${id}i$n group $group type veth peer name fwpr${id}p$n
link set fwln${id}i$n up
link set fwpr${id}p$n up
link set fwpr${id}p$n master $nic->{bridge}
link set fwln${id}i$n master fwbr${id}i$n
link set $port master fwbr${id}i$n
END
    $g->{fwbr}{$n} = 1;
    udev('add', "fwbr${id}i$n");
    return;
}

sub plug {
    my ($g, $n) = @_;
    my $port = port($g, $n);
    batch("link add $port type veth peer name g$port netns far\nlink set $port up\n");
    $g->{plugged}{$n} = 1;
    udev('add', $port);
    tap_plug($g, $n);
    return;
}

sub port_gone {
    my ($g, $n) = @_;
    return if !delete $g->{plugged}{$n};
    batch('link del ' . port($g, $n) . "\n");
    udev('remove', port($g, $n));
    return;
}

sub plug_all { my ($g) = @_; plug($g, $_) for sort keys %{ $g->{nic} }; $g->{running} = 1; return }

sub ports_gone { my ($g) = @_; port_gone($g, $_) for sort keys %{ $g->{plugged} }; $g->{running} = 0; return }

# ---- events ------------------------------------------------------------------------------------------------------------------

sub start {
    my ($g) = @_;
    hookscript($g, 'pre-start');
    plug_all($g);
    settle() if maybe();
    lxc_hook($g, 'start-host') if !$g->{vm};
    # lxc-start by hand: no phase.
    hookscript($g, 'post-start') if $g->{vm} || maybe(0.8);
    settle();
    model_up($g);
    return;
}

sub end_container {
    my ($g, $target) = @_;
    ports_gone($g);
    settle() if $target eq 'stop' && maybe();
    fw_cleanup($g, $_) for sort keys %{ $g->{fwbr} };
    lxc_hook($g, 'post-stop', $target);
    hookscript($g, 'post-stop') if $target eq 'stop';
    return;
}

sub stop {
    my ($g) = @_;
    hookscript($g, 'pre-stop') if maybe();
    if ($g->{vm}) {
        fw_cleanup($g, $_) for sort keys %{ $g->{fwbr} };
        ports_gone($g);
        hookscript($g, 'post-stop');
    } else {
        end_container($g, 'stop');
    }
    settle();
    model_down($g);
    return;
}

# No phase, no hook, and the firewall bridge stays; udev alone hears of it.
sub crash {
    my ($g) = @_;
    ports_gone($g);
    settle();
    model_down($g);
    return;
}

sub reboot_inside {
    my ($g) = @_;
    return if $g->{vm};
    end_container($g, 'reboot');
    plug_all($g);
    lxc_hook($g, 'start-host');
    settle();
    model_up($g);
    return;
}

sub hotplug {
    my ($g) = @_;
    $g->{nic}{1} = { bridge => pick('vmbr0', 'vmbr1'), firewall => maybe() ? 1 : 0 };
    plug($g, 1) if $g->{running};
    write_conf($g);
    settle();
    model_up($g);
    return;
}

sub hotunplug {
    my ($g) = @_;
    if ($g->{running}) {
        port_gone($g, 1);
        fw_cleanup($g, 1);
    }
    delete $g->{nic}{1};
    write_conf($g);
    settle();
    model_up($g);
    return;
}

sub second_nic { my ($g) = @_; return $g->{nic}{1} ? hotunplug($g) : hotplug($g) }

# tap_unplug and tap_plug of the same port.
sub replug {
    my ($g, $n) = @_;
    batch('link set ' . port($g, $n) . " nomaster\n");
    fw_cleanup($g, $n);
    tap_plug($g, $n);
    write_conf($g);
    settle();
    return;
}

sub toggle {
    my ($g) = @_;
    my $n = pick(sort keys %{ $g->{nic} });
    $g->{nic}{$n}{firewall} ^= 1;
    if ($g->{running}) { replug($g, $n) } else { write_conf($g) }
    # Switched off, no device comes or goes that udev would tell of; nothing but the bridge itself was to be quiet.
    model_up($g) if $g->{nic}{$n}{firewall};
    return;
}

sub other_bridge {
    my ($g) = @_;
    my $n = pick(sort keys %{ $g->{nic} });
    $g->{nic}{$n}{bridge} = $g->{nic}{$n}{bridge} eq 'vmbr0' ? 'vmbr1' : 'vmbr0';
    if ($g->{running}) { replug($g, $n) } else { write_conf($g) }
    model_up($g) if $g->{nic}{$n}{firewall};
    return;
}

sub flap {
    my $dev = pick('eth3', 'eth4', 'vmbr1');
    batch("link set $dev down\nlink set $dev up\n");
    guestarp_sync();
    return $dev;
}

sub policy_change {
    my ($g) = @_;
    for ($g, map { pick(values %guest) } 1 .. int rand 4) { @$_{qw(device leave)} = (pick('eth3', 'eth4', ''), maybe(0.3) ? 1 : 0) }
    write_policy();
    guestarp_sync();
    return;
}

# The administrator loads a firewall of his own. The next event of a managed guest brings all names back, or a sync. At once, as
# udev's hook may still be watching some guest's configuration.
sub nftables {
    my ($g) = @_;
    system('nft', 'flush ruleset') == 0 or die "nft failed\n";
    return guestarp_sync() if !$g->{managed} || !$g->{running};
    hookscript($g, 'post-start');
    model_up($g);
    return;
}

# Nothing is to be mended.
sub sync_alone { guestarp_sync(); return }

my @of_running = ([\&stop, 6, 'stop'], [\&crash, 3, 'crash'], [\&reboot_inside, 4, 'reboot inside'],
    [\&second_nic, 5, 'second NIC'], [\&toggle, 5, 'firewall toggled'], [\&other_bridge, 2, 'bridge changed']);
my @of_stopped = ([\&start, 12, 'start'], [\&second_nic, 1, 'second NIC, offline'], [\&toggle, 1, 'firewall toggled, offline']);
my @of_host = ([\&flap, 2, 'flap'], [\&policy_change, 2, 'policy changed'], [\&nftables, 2, 'nftables flushed'], [\&sync_alone, 1, 'sync']);

sub weighted {
    my @from = map { my $event = $_; map { $event } 1 .. $event->[1] } @_;
    return pick(@from);
}

sub one_event {
    my $g = $guest{ pick(sort keys %guest) };
    my $event = maybe(0.15) ? weighted(@of_host) : weighted($g->{running} ? @of_running : @of_stopped);
    push @history, "$event->[2] $g->{id}" . ($g->{managed} ? '' : ' (unmanaged)');
    $said = '';
    my $more = $event->[0]->($g);
    $history[-1] .= " $more" if defined $more && $more =~ /^[a-z]+\d$/;
    return;
}

# ---- kernel = model ------------------------------------------------------------------------------------------------------------

my %base = map { $_ => 1 } State::facts($root);

sub differences {
    my %want = map { $_ => 1 } model_facts();
    my %got = map { $_ => 1 } grep { !$base{$_} } State::facts($root), Table::facts();
    return ((map { "missing: $_\n" } grep { !$got{$_} } sort keys %want), (map { "too much: $_\n" } grep { !$want{$_} } sort keys %got));
}

my ($test, $failed) = (0, 0);

sub ok {
    my ($good, $what) = @_;
    printf "%s %d - %s\n", $good ? 'ok' : 'not ok', ++$test, $what;
    $failed++ if !$good;
    return $good;
}

sub explain {
    print STDERR map { "# $_\n" } "seed $seed, event " . @history, map { split /\n/ } @_, 'the last events:',
      @history[($#history > 20 ? $#history - 20 : 0) .. $#history], 'programs of the last one:', split /\n/, $said;
    print STDERR map { "# $_\n" } 'the last lines said:', map { s/\n//r } qx(tail -n 8 /run/test/said);
    return;
}

write_conf($_) for values %guest;
write_policy();

my $number = 0;
while ($number < $events) {
    my $last = $number + $block < $events ? $number + $block : $events;
    my @different;
    while ($number < $last && !@different) {
        $number++;
        @different = eval { one_event(); differences() };
        @different = ("died: $@") if $@;
    }
    my $running = grep { $_->{running} } values %guest;
    ok(!@different, "events up to $last: after each, the kernel is what the model says (seed $seed, $running guests run)") and next;
    explain(@different);
    last;
}

my %kinds;
s/ \d.*//, $kinds{$_}++ for map { "$_" } @history;
print "# $kinds{$_} x $_\n" for sort keys %kinds;

if (!$failed) {
    for my $g (grep { $_->{running} } values %guest) { stop($g) }
    my @left = differences();
    ok(!@left, 'when all guests are stopped, nothing of any of them is left but their names') or explain(@left);
    ok(!(grep { /^record/ } State::facts($root)), 'and no record');
}
print "1..$test\n";
exit($failed ? 1 : 0);
