package Events;

# The programs' events on Fault's host: how each is called, from which state, what follows it in ordinary life.

use strict;
use warnings;
use Exporter qw(import);
use Fault qw(program);

our @EXPORT_OK = qw(scenarios meetings);

my $root;

# 101 answers from eth3 and is routed to, 104 never runs, lxc/web answers from eth3, eth0 has values of its own.
my $policy = '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3", "route": "veth101i0"}, "104": {},'
  . ' "lxc/web": {"device": "eth3"}}, "devices": {"eth0": {"arp_ignore": 1, "arp_announce": 2}}}';
# The same for every guest, but for one whose firewall bridges are left alone: another form of the table.
my $for_all = $policy =~ s/"104": \{\}/"*": {}, "105": {"firewall_bridge": "leave"}/r;
# What an administrator's `nft -f saved.nft` leaves: each rule twice, and a name of a guest that was destroyed.
my $doubled = <<'END';
table arp guestarp {
    set quiet { type ifname; flags interval; elements = { "fwbr999i*" } }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname != @quiet accept
        arp operation request iifname != @loud drop
    }
}
END
# 101's devices go, and come.
my @gone = ('link del veth101i0', 'link del fwbr101i0');
my @new  = ('link add fwbr101i0 type bridge', 'link set fwbr101i0 up', 'link add veth101i0 type veth peer name peer-veth101i0',
    'link set veth101i0 up master fwbr101i0', 'link set peer-veth101i0 up');
my @ips = (IP_ADDR => '192.168.18.201 2001:db8:18::201');
my @add = (VE_STATE => 'starting', @ips);
my @del = (VE_STATE => 'stopping', @ips);

sub pve  { my ($phase) = @_; return { argv => [ program('guestarp-pve'), 101, $phase ], env => { PVE_MIGRATED_FROM => '' } } }
sub cli  { my (@words) = @_; return { argv => [ program('guestarp'), @words ] } }

# It is started, hears of these commands of ip's one after the other, and is ended.
sub watch { my (@rain) = @_; return { argv => [ program('guestarp-watch') ], rain => \@rain } }

sub lxc {
    my ($name, $hook) = @_;
    my %env = (LXC_NAME => $name, LXC_CONFIG_FILE => "$root/var/lib/lxc/$name/config", LXC_TARGET => 'stop');
    my @monitor = $name eq 'web' ? (monitor => $hook eq 'start-host') : ();
    return { argv => [ program('guestarp-lxc'), $name, 'lxc', $hook ], env => \%env, @monitor };
}

sub vz {
    my ($id, $argv, %env) = @_;
    my ($name, @words) = @$argv;
    return { argv => [ $name =~ m{/} ? "$root$name" : program($name), @words ], env => { VEID => $id, %env } };
}

# A scenario: start  events that lead to where it begins
#             stale  facts of the kernel's that are there beside
#             before a change of the host's right before it; nft one of nftables'; policy one of the policy's
#             event  the one that is disturbed
#             again  events that repair it, one set after the other from one point to the next; after each set all is as if
#                    nothing had happened; only: instead of the event itself, where it leaves something to them
#             then   events that follow before all is as it should be
#             nameless  it concerns no guest of Proxmox VE: there is no table
#             end    events that end the guest's life from there
#             back   events that follow when the guest's life takes another turn; straight: they leave what end leaves
#             main   killed at every system call in the short run, too; first: every call fails there, too
#             holds  all is right before it, and stays so however it fails
#             wraps  it runs the platform's own script, and says with status 1 that it could not
#
# What is the host's (eth0's values, vmbr0's MAC) is pre-start's to set, which is where a guest of Proxmox VE begins. An event
# without it (lxc-start by hand, a NIC plugged into a guest that the policy has just named) is "unprepared", and can be
# repaired by what prepares alone.
sub scenarios {
    ($root) = @_;
    my $moved = $policy =~ s/"101": \{"device": "eth3"/"101": {"device": "eth4"/r;
    my @stale = ('eth4 proxy 192.168.18.101', 'eth0 proxy 2001:db8:18::101');
    my @lost  = ('neigh del proxy 192.168.18.101 dev eth3', 'link set fwbr101i0 arp on', 'route del 192.168.18.101/32');
    my @flap  = ('link set eth3 down', 'link set eth3 up');
    my $choose  = vz(201, [qw(vznet-custom devices all)], @add);
    my $added   = vz(201, ['/scripts/vps-net_add'], @add);
    my $umount  = vz(201, ['/scripts/201.umount']);
    my $sync    = cli('sync');
    my $prepare = pve('pre-start');
    my $up      = pve('post-start');
    my $stop    = pve('post-stop');
    my @scenarios = (
        { name => 'guestarp-pve pre-start', event => $prepare, main => 1, first => 1, end => [ $up, $stop ] },
        { name => 'guestarp-pve post-start', start => [$prepare], event => $up, stale => \@stale, main => 1, first => 1,
          again => [ [$sync] ], end => [$stop] },
        { name => 'guestarp-pve post-start, moved', start => [ $prepare, $up ], policy => $moved, event => $up,
          again => [ [$sync] ], end => [$stop] },
        { name => 'guestarp-pve post-start, again', start => [ $prepare, $up ], event => $up, holds => 1, end => [$stop] },
        { name => 'guestarp-pve post-stop', start => [ $prepare, $up ], event => $stop, main => 1,
          back => [ $up, $stop ], straight => 1 },
        { name => 'guestarp-lxc start-host', start => [$prepare], event => lxc(101, 'start-host'), stale => \@stale,
          again => [ [$up], [$sync] ], end => [ lxc(101, 'post-stop') ] },
        { name => 'guestarp-lxc start-host, unprepared', event => lxc(101, 'start-host'), stale => \@stale,
          again => [ [$sync] ], end => [ lxc(101, 'post-stop') ] },
        { name => 'guestarp-lxc start-host, plain', event => lxc('web', 'start-host'), main => 1, nameless => 1,
          end => [ lxc('web', 'post-stop') ] },
        { name => 'guestarp-lxc post-stop, plain', start => [ lxc('web', 'start-host') ], event => lxc('web', 'post-stop'), nameless => 1,
          back => [ lxc('web', 'start-host'), lxc('web', 'post-stop') ], straight => 1 },
        { name => 'guestarp-watch, a device flaps', start => [ $prepare, $up ], event => watch(@flap), as_before => 1, main => 1,
          again => [ [$sync] ], end => [$stop] },
        { name => 'guestarp-watch, what was lost before it started', start => [ $prepare, $up ], before => \@lost, event => watch(),
          again => [ [$sync] ], end => [$stop] },
        { name => 'guestarp-watch, a guest comes', start => [$prepare], before => \@gone, event => watch(@new), stale => \@stale,
          again => [ [$up], [$sync] ], end => [$stop], back => [] },
        { name => 'guestarp-watch, a guest goes', start => [ $prepare, $up ], event => watch(@gone), again => [ [$sync] ], end => [] },
        { name => 'vznet-custom devices, addition', event => $choose, end => [$umount], main => 1, nameless => 1 },
        { name => 'vznet-custom devices, deletion', nameless => 1, start => [$added], event => vz(201, [qw(vznet-custom devices all)], @del),
          again => [ [$umount] ], back => [ $added, $umount ], straight => 1 },
        { name => 'vznet-custom umount', nameless => 1, start => [$added], event => $umount, back => [ $added, $umount ], straight => 1 },
        { name => 'vznet-custom vps-net_add', wraps => 1, nameless => 1, event => vz(201, ['/scripts/vps-net_add'], @add),
          end => [ vz(201, ['/scripts/vps-net_del'], @del) ] },
        { name => 'vznet-custom vps-net_del', wraps => 1, nameless => 1, start => [$added], event => vz(201, ['/scripts/vps-net_del'], @del),
          again => [ [$umount] ], back => [ $added, $umount ], straight => 1 },
        { name => 'vznet-custom init veth', nameless => 1, event => vz(202, [qw(vznet-custom init veth veth202.0)]),
          end => [ vz(202, ['/scripts/202.umount']) ] },
        { name => 'guestarp sync', start => [ $prepare, $up ], before => \@lost, event => $sync, main => 1,
          again => [ [$up] ], end => [$stop] },
        { name => 'guestarp sync, unprepared', start => [$up], before => \@lost, event => $sync, end => [$stop] },
        { name => 'guestarp sync, again', start => [ $prepare, $up ], event => $sync, holds => 1, end => [$stop] },
        { name => 'guestarp apply', event => cli(qw(apply 101)), stale => \@stale, again => [ [$sync] ],
          end => [ cli(qw(undo 101)) ] },
        { name => 'guestarp undo', start => [ $prepare, $up ], event => cli(qw(undo 101)), back => [ $up, $stop ], straight => 1 },
        { name => 'guestarp device', event => cli(qw(device 101 eth4)), end => [ cli(qw(device 101 eth3)) ] },
        { name => 'guestarp-pve post-start, nftables flushed', start => [ $prepare, $up ], nft => 'flush ruleset', event => $up,
          again => [ [$sync] ], end => [$stop], main => 1 },
        { name => 'guestarp-pve post-start, names flushed', start => [ $prepare, $up ], nft => 'flush set arp guestarp quiet',
          event => $up, then => [$sync], only => [ [ $up, $sync ], [$sync] ], end => [$stop] },
        { name => 'guestarp-pve post-start, table doubled', start => [ $prepare, $up ], nft => $doubled,
          event => $up, then => [$sync], only => [ [ $up, $sync ], [$sync] ], end => [$stop], as_before => 1 },
        { name => 'guestarp sync, table doubled', start => [ $prepare, $up ], nft => $doubled, event => $sync, main => 1,
          again => [ [ cli(qw(apply 101)) ] ], end => [$stop] },
        { name => 'guestarp-pve pre-start, for all from now on', start => [$prepare], policy => $for_all, event => $prepare,
          end => [ $up, $stop ] },
        { name => 'guestarp sync, for all from now on', start => [ $prepare, $up ], policy => $for_all, event => $sync,
          main => 1, again => [ [$up] ], end => [$stop] },
        { name => 'guestarp sync, for single guests from now on', start => [ $prepare, $up ], before_policy => $for_all,
          policy => $policy, event => $sync, again => [ [$up] ], end => [$stop] },
        { name => 'guestarp-lxc start-host, for single guests from now on', start => [ $prepare, $up ], before_policy => $for_all,
          policy => $policy, event => lxc(101, 'start-host'), again => [ [$sync] ], end => [$stop] },
    );
    for (@scenarios) {
        $_->{before_policy} //= $policy;
        $_->{end}   //= [];
        $_->{back}  //= $_->{end};
        $_->{again} = $_->{only} // [ [ $_->{event} ], @{ $_->{again} // [] } ];
        $_->{prepared} = grep { $_ == $prepare } @{ $_->{start} // [] };
    }
    return @scenarios;
}

# Two events of one guest, the second at any moment of the first, which looks on and is not the guest's own. start, before and
# event as above; change is what becomes of the devices then, files what some files say from then on, others are the events
# that follow: they have the last word; either are facts that may be as before or as after; from is the first request.
sub meetings {
    ($root) = @_;
    my ($prepare, $up, $stop) = map { pve($_) } qw(pre-start post-start post-stop);
    my $added    = vz(201, ['/scripts/vps-net_add'], @add);
    my @start    = (start => [ $prepare, $up ], others => [ lxc(101, 'start-host'), $up ], change => \@new, before => \@gone);
    my @end      = (start => [ $prepare, $up ], others => [$stop], change => \@gone);
    my $moved    = $policy =~ s/"eth3"/"eth4"/gr =~ s/"arp_ignore": 1/"arp_ignore": 2/r =~ s/"101": \{/"vz\/201": {"device": "eth3"}, $&/r;
    my $config   = "hookscript: local:snippets/guestarp\nnet0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.18.103/32,type=veth\n";
    my @policy   = (others => [ cli('sync') ], change => [], files => { "$root/etc/guestarp/guestarp.json" => $moved },
        either => qr{^eth3 ipv\d/\S+/proxy_});
    my @config   = (others => [ cli('sync') ], change => [], files => { "$root/etc/pve/lxc/101.conf" => $config });
    my @meetings = (
        { name => 'guestarp sync, and the guest stops',              event => cli('sync'),                @end },
        { name => 'guestarp apply, and the guest stops',             event => cli(qw(apply 101)),         @end },
        { name => 'guestarp sync, and a guest that crashed starts',  event => cli('sync'),                @start },
        { name => 'guestarp sync, and a container of OpenVZ stops', start => [$added], event => cli('sync'), change => [],
          others => [ vz(201, ['/scripts/201.umount']) ] },
        { name => 'guestarp sync, and a container of OpenVZ loses its addresses', start => [$added], event => cli('sync'), change => [],
          others => [ vz(201, [qw(vznet-custom devices all)], @del) ] },
        { name => 'guestarp sync, and a container of plain LXC stops', start => [ lxc('web', 'start-host') ], event => cli('sync'),
          change => ['link del vethweb'], others => [ lxc('web', 'post-stop') ] },
        { name => 'guestarp sync, and policy names another device', start => [ $prepare, $up, $added, lxc('web', 'start-host') ],
          event => cli('sync'), @policy },
        { name => 'guestarp apply, and policy names another device', start => [ $prepare, $up ], event => cli(qw(apply 101)), @policy },
        { name => 'guestarp-pve pre-start, and policy changes', event => $prepare, @policy },
        { name => 'guestarp-pve post-start, and policy names another device', start => [$prepare], event => $up, @policy },
        { name => 'guestarp-lxc start-host, and policy names another device', event => lxc('web', 'start-host'), @policy },
        { name => 'vznet-custom, and policy names another device', event => $added, @policy },
        { name => 'guestarp sync, and a guest gets another address', start => [ $prepare, $up ], event => cli('sync'), @config },
        { name => 'guestarp apply, and a guest gets another address', start => [ $prepare, $up ], event => cli(qw(apply 101)), @config },
    );
    push @meetings, name_meetings();
    for (@meetings) { $_->{before_policy} //= $policy; $_->{prepared} = grep { $_ == $prepare } @{ $_->{start} } }
    return @meetings;
}

# An event is on its way while policy, a configuration or an administrator has another say in which names are quiet.
sub name_meetings {
    my ($prepare, $up) = map { pve($_) } qw(pre-start post-start);
    my $sync   = cli('sync');
    my $mine   = "$root/etc/guestarp/guestarp.json";
    my $conf   = "$root/etc/pve/lxc/101.conf";
    my $left   = $policy =~ s/"101": \{/$&"firewall_bridge": "leave", "ports": "leave", /r;
    my $absent = $policy =~ s/"101": \{.*?\}, //r;
    my $free   = "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.18.101/32,ip6=2001:db8:18::101/128,type=veth\n";
    my %events = (
        'guestarp-pve pre-start'  => [ $prepare ],
        'guestarp-pve post-start' => [ $up, $prepare ],
        'guestarp-lxc start-host' => [ lxc(101, 'start-host') ],
        'guestarp apply'          => [ cli(qw(apply 101)) ],
        'guestarp sync'           => [ $sync, $prepare, $up ],
    );
    my %between = (
        'policy covers every guest'  => { files => { $mine => $for_all } },
        'policy covers single guests' => { before_policy => $for_all, files => { $mine => $policy } },
        'policy leaves it alone'     => { files => { $mine => $left } },
        'it is no longer managed'    => { files => { $mine => $absent, $conf => $free } },
        'nftables is flushed'        => { nft_between => 'flush ruleset' },
    );
    my @meetings;
    for my $name (sort keys %events) {
        my ($event, @start) = @{ $events{$name} };
        for my $what (sort keys %between) {
            # The second line, and what else was set before the last word, stays: it is the names that are looked at.
            # Before its first request, which is for the lock, Proxmox VE's hookscript is the last to come, and is told by being
            # called that the guest is managed.
            my $from = $name =~ /pve/ && $what =~ /no longer managed/ ? 2 : 1;
            push @meetings, { name => "$name, and $what", event => $event, start => \@start, change => [], others => [$sync],
                names_alone => 1, from => $from, %{ $between{$what} } };
        }
    }
    return @meetings;
}

1;
