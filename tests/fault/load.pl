# 64 guests at once, then random events on several processes: in the end the kernel is what a model says. Run by load.t.

use strict;
use warnings;
use Fault      qw(facts run program differences ip_batch at_once children_left slurp spew policy);
use File::Path qw(make_path);
use Tap        qw(is_right finish);
use Time::HiRes qw(time);
use Watch;

my ($root) = @ARGV;
my $events  = $ENV{GUESTARP_EVENTS} // ($ENV{GUESTARP_FAULT_FULL} ? 10_000 : 1_500);
my $seed    = $ENV{GUESTARP_SEED} // time % 1_000_000 | 0;
my $workers = 4;
my $bound   = 10;    # seconds after which an event gives up to wait for its guest's lock
my @rounds  = qw(eth3 eth4);
# guestarp-watch runs beside them: then some hooks are never called, and nobody calls sync.
my $watched = $ENV{GUESTARP_WATCHED};
my $rest    = 30;    # seconds in which it must have handled everything
my @pve     = (1001 .. 1048);
my @vz      = (2001 .. 2016);

# ---- guests -----------------------------------------------------------------------------------------------------------------

sub is_vz { return $_[0] >= 2000 }

# None of the host's own: those are at .10, .13 and .14.
sub addresses {
    my ($id) = @_;
    my $low = $id % 1000 + (is_vz($id) ? 150 : 50);
    return ("192.168.18.$low", "2001:db8:18::$low");
}

# What the kernel makes of a container's start and stop. A firewall bridge goes with its guest.
sub devices {
    my ($id, $up) = @_;
    return if is_vz($id) || $up == (-e "/sys/class/net/veth${id}i0" ? 1 : 0);
    ip_batch($up
        ? ("link add fwbr${id}i0 type bridge", "link set fwbr${id}i0 up", "link add veth${id}i0 type veth peer name peer-$id", "link set peer-$id up",
            "link set veth${id}i0 master fwbr${id}i0", "link set veth${id}i0 up")
        : ("link del fwbr${id}i0", "link del veth${id}i0"));
    return;
}

sub event {
    my ($id, $word) = @_;
    return { argv => [ program('guestarp'), 'sync' ] } if $word eq 'sync';
    return { argv => [ program('guestarp-pve'), $id, $word ] } if !is_vz($id) && $word =~ /^(?:pre|post)-/;
    return { argv => [ program('guestarp-lxc'), $id, 'lxc', $word ], env => { LXC_NAME => $id, LXC_TARGET => 'stop' } }
      if $word eq 'start-host';
    my %env = (VEID => $id, IP_ADDR => join(' ', addresses($id)), VE_STATE => $word eq 'net_del' ? 'stopping' : 'starting');
    return { argv => ["$root/scripts/$id.umount"], env => { VEID => $id } } if $word eq 'umount';
    return { argv => ["$root/scripts/vps-$word"], env => \%env };
}

# ---- the model: which device answers for a guest, '' for none --------------------------------------------------------------------

my %device;

sub model {
    my ($policy_device) = @_;
    my %facts;
    for my $id (@pve, @vz) {
        my $dev = $device{$id} // '';
        $facts{"device fwbr${id}i0"} = $facts{"device veth${id}i0"} = '' if $dev && !is_vz($id);
        next if !$dev;
        $facts{"$dev proxy $_"} = '' for addresses($id);
        if (!is_vz($id)) { $facts{"fwbr${id}i0 quiet"} = '' }
        $facts{ 'record ' . (is_vz($id) ? 'vz' : 'pve') . "-$id.json" } = '';
    }
    # Of a guest that has stopped, too: it is managed.
    $facts{$_} = '' for Table::wanted($root);
    return \%facts;
}

# The kernel in the model's words.
sub kernel {
    my $facts = facts();
    my %seen;
    for (keys %$facts) {
        $seen{$_} = '' if / proxy / || /^table/ || /^device (?:fwbr|veth)\d{4}i0$/;
        $seen{"$1 quiet"} = '' if /^(fwbr\d+i0) flags$/ && $facts->{"$1 ipv4/conf/arp_ignore"} == 1 && index($facts->{$_}, 'NOARP') == 0;
        $seen{"record $1"} = '' if m{^file /run/guestarp/(.*)} && $1 ne 'lock' && $1 !~ /^owner\b/;
    }
    return \%seen;
}

# What the kernel and the files still have of guests that stopped, in the model's words.
sub left {
    my $seen = kernel();
    my @gone = grep { !$device{$_} } @pve, @vz;
    my %of   = map { my $id = $_; map { $_ => $id } addresses($id), (is_vz($id) ? 'vz' : 'pve') . "-$id.json" } @gone;
    return grep { $of{ (split / /)[-1] } } sort keys %$seen;
}

# ---- workers ----------------------------------------------------------------------------------------------------------------

# "ID DEVICE" where the model has to follow, "slow SECONDS WORDS", "bad WORDS".
sub happens {
    my ($id, $word, $device) = @_;
    my $result = run(event($id, $word));
    print "slow $result->{seconds} $id $word\n";
    # Nothing fails here, so there is nothing to be said but what was done.
    my @words = grep { !/^guestarp: (?:\S+: (?:prepared|up|removed)|quiet by name): / } split /\n/, $result->{err};
    print "bad $id $word: exit status $result->{exit}, signal $result->{signal}: ", join(' | ', @words), "\n"
      if $result->{exit} || $result->{signal} || @words;
    print "$id $device\n" if defined $device;
    return;
}

# No hook is called.
sub withheld {
    my ($id, $device) = @_;
    devices($id, $device ? 1 : 0);
    print "$id $device\n";
    return;
}

sub start {
    my ($id, $device) = @_;
    return withheld($id, $device) if $watched && !is_vz($id) && rand() < 0.3;
    my @words = is_vz($id) ? ('net_add') : ('pre-start', rand() < 0.3 ? 'start-host' : (), 'post-start');
    for my $word (@words) {
        devices($id, 1) if $word ne 'pre-start';
        happens($id, $word, $word eq 'pre-start' ? undef : $device);
    }
    return;
}

sub stop {
    my ($id) = @_;
    return withheld($id, '') if $watched && !is_vz($id) && rand() < 0.3;
    devices($id, 0);
    happens($id, $_, '') for is_vz($id) ? (rand() < 0.5 ? 'net_del' : (), 'umount') : 'post-stop';
    return;
}

sub worker {
    my ($number, $share, $count, $device, $up) = @_;
    srand($seed + $number);
    for (1 .. $count) {
        my $id = $share->[ rand @$share ];
        if    (rand() < 0.01)             { happens($id, 'sync') }
        elsif (!$up->{$id})               { start($id, $device); $up->{$id} = 1 }
        elsif (rand() < 0.5)              { stop($id); $up->{$id} = 0 }
        else                              { happens($id, is_vz($id) ? 'net_add' : 'post-start', $device) }
    }
    return;
}

# ---- run --------------------------------------------------------------------------------------------------------------------

my ($slowest, $all_slowest, $calls, @bad) = (0, 0, 0);

sub follow_model {
    for (@_) {
        if    (/^slow (\S+)/)         { $calls++; $slowest = $1 if $1 > $slowest }
        elsif (/^bad (.*)/)           { push @bad, $1 }
        elsif (/^(\d+) (\w*)$/)       { $device{$1} = $2 }
    }
    return;
}

sub check {
    my ($name) = @_;
    is_right(children_left() == 0, "$name: no process is left") if !$watched;
    my $until = time + ($watched ? $rest : 0);
    my @wrong = differences(kernel(), model());
    while (@wrong && time < $until) {
        Time::HiRes::sleep(0.2);
        @wrong = differences(kernel(), model());
    }
    is_right(!@wrong, "$name: the kernel is as the model", @wrong, $watched && @wrong ? "watch: " . substr(slurp("$ENV{TMP}/watch.out"), -2500) : ());
    is_right(!@bad, "$name: no event failed", @bad);
    is_right($slowest < $bound, sprintf '%s: the slowest event took %.2f s (bound %d s)', $name, $slowest, $bound);
    $all_slowest = $slowest if $slowest > $all_slowest;
    ($slowest, @bad) = (0);
    return;
}

sub policy_with {
    my ($device) = @_;
    spew("$root/etc/guestarp/new", qq({"defaults": {"announce": 1, "device": "$device"}, "guests": {"*": {}}}\n));
    rename "$root/etc/guestarp/new", "$root/etc/guestarp/guestarp.json";
    return;
}

print STDERR "# seed $seed, $events events\n";
Fault::host($root);
ip_batch(map { "link del $_" } qw(veth101i0 fwbr101i0 vethweb veth202.0));
unlink glob "$root/etc/pve/*/*.conf $root/etc/vz/conf/*.conf";
for my $id (@pve, @vz) {
    my ($v4, $v6) = addresses($id);
    spew("$root/etc/pve/lxc/$id.conf", "hookscript: local:snippets/guestarp\nnet0: name=eth0,bridge=vmbr0,firewall=1,ip=$v4/32,ip6=$v6/128\n")
      if !is_vz($id);
    spew("$root/etc/vz/conf/$id.conf", qq{IP_ADDRESS="$v4 $v6"\n}) if is_vz($id);
    symlink program('vznet-custom'), "$root/scripts/$id.umount" if is_vz($id);
}

policy_with($rounds[0]);
my $watch = $watched ? Watch::start($root, "$ENV{TMP}/watch.out", split / /, $ENV{GUESTARP_WRAP} // '') : undef;
# First the devices, as they take longer than all hooks together.
devices($_, 1) for @pve;
follow_model(at_once(map { my $id = $_; sub { happens($id, is_vz($id) ? 'net_add' : 'post-start', $rounds[0]) } } @pve, @vz));
check('64 guests up at once');
devices($_, 0) for @pve;
follow_model(at_once(map { my $id = $_; sub { happens($id, is_vz($id) ? 'umount' : 'post-stop', '') } } @pve, @vz));
check('64 guests down at once');

my @all = (@pve, @vz);
my $each = int($events / $workers / @rounds);
for my $round (0 .. $#rounds) {
    policy_with($rounds[$round]);
    follow_model(at_once(map {
        my $number = $_;
        my @share  = @all[ grep { $_ % $workers == $number } 0 .. $#all ];
        sub { worker($number + 10 * $round, \@share, $each, $rounds[$round], { map { $_ => $device{$_} ? 1 : 0 } @share }) }
    } 0 .. $workers - 1));
    if (!$watched) {
        my @left = left();
        is_right(!@left, "round $round: nothing is left of the guests that stopped", @left);
        # Who has had no event since policy named another device follows it now.
        my $last = run({ argv => [ program('guestarp'), 'sync' ] });
        push @bad, "sync: $last->{err}" if $last->{exit};
    }
    for (@all) { $device{$_} = $rounds[$round] if $device{$_} }
    check("round $round");
}
if ($watch) {
    my $status = Watch::stop($watch);
    is_right($status == 0, 'guestarp-watch has run all the time, and ends well', $status ? slurp("$ENV{TMP}/watch.out") : ());
    is_right(children_left() == 0, 'no process is left');
}
finish(sprintf 'load: %d calls of the programs, the slowest took %.2f s', $calls, $all_slowest);
