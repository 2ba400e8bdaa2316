#!/usr/bin/perl
# Run by random.t in its namespaces. The model knows guests, their NICs, what is plugged, what the policy says, and by
# Owners.pm which of two guests has an address; never a record, never what guestarp printed. Devices are made in Proxmox
# VE's order, in as few calls as it takes.

use strict;
use warnings;
use Owners;
use State;
use Table;
use Time::HiRes qw(sleep time);
use Watch;

$| = 1;
my $build  = $ENV{GUESTARP_BUILD};
my $root   = $ENV{GUESTARP_ROOT};
my @wrap   = split ' ', $ENV{GUESTARP_WRAP} // '';
# The same events each time, as in net/harm.t: what fails in them is the change's. Long runs are of other ones.
my $seed   = $ENV{GUESTARP_SEED} // ($ENV{GUESTARP_EVENTS} ? (time ^ $$ << 8) % 1_000_000 : 12);
my $events = $ENV{GUESTARP_EVENTS} // ($ENV{GUESTARP_SHORT} ? 500 : 1000);
my $block  = $events < 100 ? $events : 100;
my (%guest, %bound_once, @history, $said, $watch);
my $table = 0;    # it is there: a managed guest has had an event, or the host a sync
srand $seed;
print STDERR "# seed $seed, $events events\n";

sub pick { return $_[rand @_] }
sub maybe { return rand() < ($_[0] // 0.5) }

# ---- the model --------------------------------------------------------------------------------------------------------

# id => { vm, managed, device, leave, running, here (the configuration is on this node), lock (it says "lock: migrate"),
# arriving (its devices are here, the guest is not yet), quiet => {nic => 1}, up, addresses, allowed,
# bound => {ip => device}, nic => { n => {bridge, firewall, plugged, ip4, ip6} } }. Clones have ids from 301 or 401 on.
my $owners = Owners->new(\%guest);

sub new_guest {
    my ($id, $vm) = @_;
    return $guest{$id} = {
        id => $id, vm => $vm, managed => 1, device => '', leave => 0, running => 0, up => 0, here => 1, nic => {}, bound => {},
    };
}

sub new_nic {
    my ($g, $n, $bridge, $firewall) = @_;
    my $host = $g->{id} % 100 + ($g->{vm} ? 100 : 0) + ($g->{id} > 300 ? 50 : 20);
    return $g->{nic}{$n} = { bridge => $bridge, firewall => $firewall,
        ip4 => '192.168.' . (18 + $n) . ".$host", ip6 => "2001:db8:18::$g->{id}:" . ($n + 1) };
}

for my $id (101 .. 120, 201 .. 210) {
    my $g = new_guest($id, $id > 200);
    @$g{qw(managed device)} = ($id % 6 != 0, pick('eth3', 'eth4', ''));
    new_nic($g, 0, 'vmbr1', 1);
}

sub port { my ($g, $n) = @_; return ($g->{vm} ? 'tap' : 'veth') . "$g->{id}i$n" }

# Only one at a time may want an address besides the guest, and that one is not asked to share it.
sub alone { my (@ips) = @_; return !grep { $owners->{shared}{$_} || $owners->users($_) > 1 } @ips }

# The names of one guest, by an event of its own; without a table, those of all guests that are here.
sub model_name {
    my (@guests) = @_;
    @guests = (@guests, grep { $_->{here} } values %guest) if !$table;
    $table = 1;
    $_->{names} = $_->{leave} ? 'leave' : 'quiet' for grep { $_->{managed} } @guests;
    return;
}

# A bridge that a crash left behind, of a NIC since taken out, stays quiet.
sub model_quiet { my ($g) = @_; $g->{quiet}{$_} = 1 for grep { $g->{fwbr}{$_} } keys %{ $g->{nic} }; return }

# The hook of this guest was called, or guestarp-watch or sync handled it, while it runs. One that migrates runs here where it is
# answered for.
sub model_up {
    my ($g, $own) = @_;
    return if !$g->{managed} || !$g->{running} || $g->{arriving} || ($g->{lock} && !%{ $g->{bound} });
    model_name($g);
    $g->{up} = 1;
    $owners->up($g, $own);
    $bound_once{ $g->{bound}{$_} }{ /:/ ? 6 : 4 } = 1 for keys %{ $g->{bound} };
    model_quiet($g);
    return;
}

# Its names stay, its addresses remain its own, and a firewall bridge that outlives it stays quiet.
sub model_down {
    my ($g) = @_;
    @$g{qw(up bound)} = (0, {});
    return;
}

# Those of a guest on another node may be there or not: of what is done there nothing is known here.
sub model_names {
    my ($away) = @_;
    my @names;
    for my $g (grep { $_->{names} && !$_->{here} == !!$away } values %guest) {
        push @names, map { "quiet $_" } "fwbr$g->{id}i*", "fwln$g->{id}i*", "fwln$g->{id}o*", "fwpr$g->{id}p*";
        push @names, map { "quiet $_" } "tap$g->{id}i*", "veth$g->{id}i*" if $g->{names} ne 'leave';
    }
    return @names if $away;
    return $table ? Table::with(@names) : ();
}

sub model_facts {
    my @facts;
    for my $g (values %guest) {
        push @facts, map { ("fwbr$g->{id}i$_ NOARP", "fwbr$g->{id}i$_ arp_ignore 1") } keys %{ $g->{quiet} };
        push @facts, "record pve-$g->{id}" if $g->{up};
        push @facts, map { ("$g->{bound}{$_} proxy $_", "lo route $_") } keys %{ $g->{bound} };
    }
    push @facts, map { "$_ proxy_delay 0" } grep { $bound_once{$_}{4} } keys %bound_once;
    push @facts, map { ("$_ proxy_delay_ipv6 0", "$_ proxy_ndp 1") } grep { $bound_once{$_}{6} } keys %bound_once;
    return sort @facts, model_names();
}

# A device that is chosen may be made ready before anything is bound there.
sub may_be {
    my ($fact) = @_;
    return $fact =~ /^eth[34] proxy_(?:delay|delay_ipv6|ndp) /;
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

sub conf {
    my ($g, $here) = @_;
    my ($node, $kind) = ($here ? 'pve1' : 'pve2', $g->{vm} ? 'qemu-server' : 'lxc');
    return "$root/etc/pve/nodes/$node/$kind/$g->{id}.conf";
}

# As pmxcfs has it: at once, on one node alone.
sub move_conf {
    my ($g) = @_;
    rename conf($g, $g->{here}), conf($g, !$g->{here}) or die "rename: $!\n";
    $g->{here} = !$g->{here};
    return;
}

sub write_conf {
    my ($g) = @_;
    my $text = $g->{managed} ? "hookscript: local:snippets/guestarp\n" : '';
    $text .= "lock: migrate\n" if $g->{lock};
    for my $n (sort keys %{ $g->{nic} }) {
        my $nic = $g->{nic}{$n};
        my $common = "bridge=$nic->{bridge}" . ($nic->{firewall} ? ',firewall=1' : '');
        my $ips = "ip=$nic->{ip4}/32,ip6=$nic->{ip6}/128";
        $text .= $g->{vm} ? "net$n: virtio=02:9E:00:00:00:00,$common\nipconfig$n: $ips\n" : "net$n: name=eth$n,$common,$ips,type=veth\n";
    }
    write_file(conf($g, $g->{here}), $text);
    return;
}

my %allowed = (ipv4 => ['192.168.0.0/16'], all => ['192.168.0.0/16', '2001:db8:18::/48']);

sub quoted { return '[' . join(', ', map { qq("$_") } @_) . ']' }

sub write_policy {
    my @guests = grep { $_->{managed} } sort { $a->{id} <=> $b->{id} } values %guest;
    my $guests = join ', ', map {
        my @keys = ($_->{device} ? qq("device": "$_->{device}", "route": "lo") : (),
            $_->{leave} ? '"ports": "leave"' : (),
            $_->{addresses} ? '"addresses": ' . quoted(@{ $_->{addresses} }) : (),
            $_->{allowed} ? '"allowed": ' . quoted(@{ $allowed{ $_->{allowed} } }) : ());
        @keys ? qq("$_->{id}": {) . join(', ', @keys) . '}' : ()
    } @guests;
    my $shared = quoted(sort keys %{ $owners->{shared} });
    write_file("$root/etc/guestarp/guestarp.json",
        qq({"defaults": {"announce": 1, "shared": $shared}, "guests": {$guests}}\n));
    return;
}

# It is heard of at once, and all guests are looked at.
sub policy_written {
    write_policy();
    settle();
    return guestarp_sync();
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
    my ($g, $phase, $from) = @_;
    run({ PVE_MIGRATED_FROM => $from // '' }, 'guestarp-pve', $g->{id}, $phase) if $g->{managed};
    model_name($g) if $g->{managed} && $phase =~ /start/;
    return;
}

# LXC's hook is in a drop-in: it is called for each container.
sub lxc_hook {
    my ($g, $hook, $target) = @_;
    run({ LXC_NAME => $g->{id}, LXC_TARGET => $target // '', LXC_CONFIG_FILE => "$root/var/lib/lxc/$g->{id}/config" },
        'guestarp-lxc', $g->{id}, 'lxc', $hook);
    return;
}

# guestarp-watch has handled all that it was told.
sub settle { Watch::idle($watch); return }

sub guestarp_sync {
    run({}, 'guestarp', 'sync');
    model_name(grep { $_->{here} } values %guest);
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
    return;
}

sub plug {
    my ($g, $n) = @_;
    my $port = port($g, $n);
    batch("link add $port type veth peer name g$port netns far\nlink set $port up\n");
    $g->{plugged}{$n} = 1;
    tap_plug($g, $n);
    return;
}

sub port_gone {
    my ($g, $n) = @_;
    return if !delete $g->{plugged}{$n};
    batch('link del ' . port($g, $n) . "\n");
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
    model_up($g, 1);
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

# No phase, no hook, and the firewall bridge stays.
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
    model_up($g, 1);
    return;
}

sub hotplug {
    my ($g) = @_;
    my $nic = new_nic($g, 1, pick('vmbr0', 'vmbr1'), maybe() ? 1 : 0);
    # Another one's, whose configuration was restored here and there.
    if (grep { $owners->users($_) > 2 } @$nic{qw(ip4 ip6)}) {
        delete $g->{nic}{1};
        return;
    }
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
    my $nic = delete $g->{nic}{1};
    write_conf($g);
    settle();
    model_up($g);
    # What it had is free. Another one that runs gets it when it is looked at next: now, or by guestarp-watch's late
    # look at one that has just started.
    guestarp_sync() if grep { $_->{running} } map { $owners->users($_) } @$nic{qw(ip4 ip6)};
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
    # Switched off, no device comes or goes; nothing but the bridge itself was to be quiet.
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
    settle();
    guestarp_sync() if maybe();
    return $dev;
}

sub any_guest { return $guest{ pick(sort keys %guest) } }

# Who shares an address with another one has its device, too.
sub choose_device {
    my ($g) = @_;
    my @all = $owners->sharers($g);
    return if grep { $_->{lock} || $_->{arriving} } @all;
    my $device = pick('eth3', 'eth4', '');
    $_->{device} = $device for @all;
    return;
}

# Of one guest at a time: of two that come to want an address, which one sync comes to first is nobody's to say.
sub choose_addresses {
    my ($g) = @_;
    return if !$g->{managed} || $g->{lock} || $g->{arriving};
    my @own = grep { alone($_) } map { $_->{ip4} } values %{ $g->{nic} };
    my $other = any_guest();
    my @others = grep { alone($_) } $other->{nic}{0}{ip4}, $other->{nic}{0}{ip6};
    delete @$g{qw(addresses allowed)};
    $g->{allowed} = pick('all', 'ipv4') if maybe(0.3);
    return if !@others || maybe() || grep { $owners->{shared}{$_} } Owners::configured($g);
    $g->{addresses} = @own && maybe() ? \@own : \@others;
    return;
}

sub policy_change {
    my ($g) = @_;
    for ($g, map { any_guest() } 1 .. int rand 4) {
        choose_device($_);
        $_->{leave} = maybe(0.3) ? 1 : 0 if $_->{here} && !$_->{arriving};
    }
    choose_addresses($g) if maybe();
    policy_written();
    return;
}

# The administrator loads a firewall of his own. The next event of a managed guest brings all names back, or a sync.
sub nftables {
    my ($g) = @_;
    system('nft', 'flush ruleset') == 0 or die "nft failed\n";
    delete $_->{names} for values %guest;
    $table = 0;
    return guestarp_sync() if !$g->{managed} || !$g->{running} || $g->{lock} || $g->{arriving};
    hookscript($g, 'post-start');
    model_up($g, 1);
    return;
}

# Nothing is to be repaired.
sub sync_alone { guestarp_sync(); return }

# The administrator's word.
sub typed_apply {
    my ($g) = @_;
    return if !$g->{managed};
    run({}, 'guestarp', 'apply', $g->{id});
    model_name(grep { $_->{here} } values %guest);
    model_up($g, 1);
    return;
}

# ---- two guests with one address -------------------------------------------------------------------------------------

sub copy_nics {
    my ($from) = @_;
    return { map { $_ => { %{ $from->{nic}{$_} } } } keys %{ $from->{nic} } };
}

# Proxmox VE's clone keeps the hookscript, and a container's and cloud-init's addresses as they are. Now and then the
# pair is one that shares them, and the policy says so while the first one runs.
sub clone {
    my ($g) = @_;
    my ($id) = grep { !$guest{$_} } $g->{vm} ? 401 .. 405 : 301 .. 305;
    return if !$id || $g->{lock} || $g->{arriving} || !alone(Owners::configured($g));
    my $new = new_guest($id, $g->{vm});
    @$new{qw(managed device nic)} = ($g->{managed}, pick('eth3', 'eth4', ''), copy_nics($g));
    if (maybe(0.25) && !$g->{addresses}) {
        $owners->share(Owners::configured($g));
        $new->{device} = $g->{device};
    }
    write_conf($new);
    policy_written();
    return;
}

# No longer one address for both, when neither runs.
sub unshare {
    my ($g) = @_;
    return if grep { $_->{running} } $owners->sharers($g);
    $owners->unshare(grep { $owners->{shared}{$_} } Owners::configured($g));
    return policy_written();
}

sub destroy {
    my ($g) = @_;
    return unshare($g) if $g->{id} < 300;
    my @shared = grep { $owners->{shared}{$_} } Owners::configured($g);
    return if @shared && grep { $_->{running} } $owners->sharers($g);
    $owners->unshare(@shared);
    fw_cleanup($g, $_) for sort keys %{ $g->{fwbr} };
    unlink conf($g, 1) or die "unlink: $!\n";
    delete $guest{ $g->{id} };
    return policy_written();
}

# Another guest's backup over this one's number.
sub restore {
    my ($g) = @_;
    my @like = grep { $_ != $g && $_->{vm} == $g->{vm} && $_->{managed} == $g->{managed} } values %guest;
    my @from = grep { alone(Owners::configured($_)) } @like;
    return if !@from || grep { $owners->{shared}{$_} } Owners::configured($g);
    my $from = pick(sort { $a->{id} <=> $b->{id} } @from);
    $g->{nic} = copy_nics($from);
    write_conf($g);
    return guestarp_sync();
}

# ---- migrations ------------------------------------------------------------------------------------------------------

# A stopped guest's configuration goes to the other node, or comes.
sub move {
    my ($g) = @_;
    move_conf($g);
    return start($g) if $g->{here} && maybe();
    return guestarp_sync();
}

# Live, away: the source gets no phase. In between others have their events.
sub leave_begins {
    my ($g) = @_;
    return if !$g->{vm};
    $g->{lock} = 1;
    write_conf($g);
    guestarp_sync() if maybe();
    return;
}

sub leave_ends {
    my ($g) = @_;
    move_conf($g);
    guestarp_sync() if maybe();
    fw_cleanup($g, $_) for sort keys %{ $g->{fwbr} };
    ports_gone($g);
    $g->{lock} = 0;
    write_conf($g);
    settle();
    model_down($g);
    return guestarp_sync();
}

sub leave_aborts {
    my ($g) = @_;
    $g->{lock} = 0;
    write_conf($g);
    return guestarp_sync();
}

sub leave_crashes {
    my ($g) = @_;
    crash($g);
    $g->{lock} = 0;
    write_conf($g);
    return;
}

# Live, here. Between clusters the configuration is here from the start, and locked.
sub arrival_begins {
    my ($g) = @_;
    return move($g) if !$g->{vm};
    my $from = maybe(0.3) ? '' : 'pve2';
    $g->{lock} = 1;
    move_conf($g) if !$from;
    write_conf($g);
    hookscript($g, 'pre-start', $from);
    plug_all($g);
    $g->{arriving} = 1;
    settle() if maybe();
    hookscript($g, 'post-start', $from);
    settle();
    return if !$g->{managed};
    $g->{up} = 1;
    model_quiet($g);
    return;
}

# The process that waits for the move does it by itself. What it brings about is waited for; where that is nothing, the
# administrator makes sure that it has been there.
sub arrives {
    my ($g) = @_;
    move_conf($g) if !$g->{here};
    guestarp_sync() if maybe();
    @$g{qw(lock arriving)} = (0, 0);
    write_conf($g);
    return if !$g->{managed};
    model_up($g, 1);
    soon(10);
    return if grep { !$owners->{shared}{$_} } keys %{ $g->{bound} };
    sleep 0.3;
    typed_apply($g);
    return;
}

# The source goes on; on the target its qemu ends, mostly with a phase.
sub arrival_aborts {
    my ($g) = @_;
    my $from = $g->{here} ? '' : 'pve2';
    fw_cleanup($g, $_) for sort keys %{ $g->{fwbr} };
    ports_gone($g);
    hookscript($g, 'post-stop', $from) if maybe(0.7);
    move_conf($g) if $g->{here};
    @$g{qw(lock arriving)} = (0, 0);
    write_conf($g);
    settle();
    model_down($g);
    return guestarp_sync();
}

my @of_running = ([\&stop, 6, 'stop'], [\&crash, 3, 'crash'], [\&reboot_inside, 4, 'reboot inside'],
    [\&second_nic, 5, 'second NIC'], [\&toggle, 5, 'firewall toggled'], [\&other_bridge, 2, 'bridge changed'],
    [\&typed_apply, 2, 'apply'], [\&clone, 2, 'clone'], [\&leave_begins, 3, 'migration away']);
my @of_stopped = ([\&start, 16, 'start'], [\&second_nic, 1, 'second NIC, offline'],
    [\&toggle, 1, 'firewall toggled, offline'], [\&clone, 1, 'clone'], [\&restore, 1, 'restore'],
    [\&move, 1, 'moved away'], [\&destroy, 2, 'destroyed or unshared']);
my @of_away = ([\&arrival_begins, 3, 'migration here'], [\&move, 1, 'moved here']);
my @of_leaving = ([\&leave_ends, 3, 'is away'], [\&leave_aborts, 1, 'migration away fails'],
    [\&leave_crashes, 1, 'crash']);
my @of_arriving = ([\&arrives, 3, 'is here'], [\&arrival_aborts, 1, 'migration here fails']);
my @of_host = ([\&flap, 2, 'flap'], [\&policy_change, 3, 'policy changed'], [\&nftables, 2, 'nftables flushed'],
    [\&sync_alone, 1, 'sync']);

sub events_of {
    my ($g) = @_;
    return @of_arriving if $g->{arriving};
    return $g->{here} ? @of_stopped : @of_away if !$g->{running};
    return $g->{lock} ? @of_leaving : @of_running;
}

# Every third time one of two that have an address.
sub pick_guest {
    my %count;
    $count{$_}++ for map { Owners::named($_) } values %guest;
    my %two = map { $_->{id} => 1 } grep { grep { $count{$_} > 1 } Owners::named($_) } values %guest;
    return $guest{ pick(sort { $a <=> $b } keys %two && maybe(0.35) ? keys %two : keys %guest) };
}

sub weighted {
    my @from = map { my $event = $_; map { $event } 1 .. $event->[1] } @_;
    return pick(@from);
}

sub one_event {
    my $g = pick_guest();
    my $event = maybe(0.15) ? weighted(@of_host) : weighted(events_of($g));
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
    delete @got{ map { "table $_" } model_names('away') };
    return ((map { "missing: $_\n" } grep { !$got{$_} } sort keys %want),
        (map { "too much: $_\n" } grep { !$want{$_} && !may_be($_) } sort keys %got));
}

# A configuration that is written after its NIC was plugged is seen a moment later.
sub soon {
    my ($seconds) = @_;
    my @different;
    for (my $end = time + $seconds; (@different = differences()) && time < $end;) { sleep 0.02 }
    return @different;
}

# On the wire of each device that may be chosen every guest's IPv4 addresses are asked for: there is one answer where
# somebody has it there, and none else.
sub wire_differences {
    my %answered = $owners->answered();
    my %ips = map { $_ => 0 } grep { /\./ } map { Owners::named($_), Owners::configured($_) } values %guest;
    my @different;
    for ([eth3 => 'p3', '192.168.18.13'], [eth4 => 'p4', '192.168.18.14']) {
        my ($dev, $peer, $fence) = @$_;
        my @ask = ("$ENV{TESTS_DIR}/events/answers-each", $peer, $fence, '192.168.18.250', sort keys %ips);
        for (qx(ip netns exec far @ask)) {
            my ($ip, $answers, $macs) = split;
            my $want = ($answered{$ip} // '') eq $dev ? 1 : 0;
            $ips{$ip}++;
            next if $answers == $want && $macs == $want;
            push @different, "$dev answers $answers times by $macs MACs for $ip, not $want\n";
        }
    }
    return @different, map { "not asked for: $_\n" } grep { $ips{$_} != 2 } sort keys %ips;
}

my ($test, $failed) = (0, 0);

sub ok {
    my ($good, $what) = @_;
    printf "%s %d - %s\n", $good ? 'ok' : 'not ok', ++$test, $what;
    $failed++ if !$good;
    return $good;
}

sub explain {
    my %ips = map { $_ => 1 } map { /(192[\d.]+|2001[\w:]+)/g } @_;
    for my $ip (sort keys %ips) {
        push @_, "$ip: owner " . ($owners->{shared}{$ip} ? 'shared' : $owners->{owner}{$ip} // 'none') . "\n";
        for my $g ($owners->users($ip)) {
            my @is = grep { $g->{$_} } qw(managed here running lock arriving device);
            push @_, "$ip: $g->{id} wants it, rank " . Owners::rank($g) . join('', map { ", $_ $g->{$_}" } @is) . "\n";
        }
    }
    print STDERR map { "# $_\n" } "seed $seed, event " . @history, map { split /\n/ } @_, 'the last events:',
      @history[($#history > 20 ? $#history - 20 : 0) .. $#history], 'programs of the last one:', split /\n/, $said;
    print STDERR map { "# $_\n" } 'the last lines said:', map { s/\n//r } qx(tail -n 8 /run/test/said);
    return;
}

write_conf($_) for values %guest;
write_policy();
$watch = Watch::start($root, '/run/test/watch', @wrap);
# It has looked at everything.
model_name(values %guest);

my $number = 0;
while ($number < $events) {
    my $last = $number + $block < $events ? $number + $block : $events;
    my @different;
    while ($number < $last && !@different) {
        $number++;
        @different = eval { one_event(); soon(5) };
        @different = ("died: $@") if $@;
    }
    @different = map { "on the wire: $_" } wire_differences() if !@different;
    my $running = grep { $_->{running} } values %guest;
    ok(!@different, "events up to $last: after each the kernel, and then the wire, is what the model says "
          . "(seed $seed, $running guests run)") and next;
    explain(@different);
    last;
}

my %kinds;
s/ \d.*//, $kinds{$_}++ for map { "$_" } @history;
print "# $kinds{$_} x $_\n" for sort keys %kinds;

if (!$failed) {
    for my $g (grep { $_->{running} } values %guest) {
        $g->{arriving} ? arrival_aborts($g) : $g->{lock} ? leave_ends($g) : stop($g);
    }
    my @left = differences();
    ok(!@left, 'when all guests are stopped, nothing of any of them is left but their names') or explain(@left);
    ok(!(grep { /^record/ } State::facts($root)), 'and no record');
}
my $status = Watch::stop($watch);
ok(!$status, "guestarp-watch has run all the time, and ends well") or explain(qx(tail -n 20 /run/test/watch));
print "1..$test\n";
exit($failed ? 1 : 0);
