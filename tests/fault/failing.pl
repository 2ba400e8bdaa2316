# Every system call of every event fails in turn, every allocation, every netlink answer; devices go or change their names
# between look-up and use. Run by failing.t.

use strict;
use warnings;
use Events qw(scenarios);
use Fault  qw(host facts run differences children_left slurp spew ip_batch table_wrong);
use Points qw(prepare begin calls deeds end_of follow seed sample repair);
use Tap    qw(is_right finish);

my $full = $ENV{GUESTARP_FAULT_FULL};
my ($root, $only, $point_only) = @ARGV;
my ($all_points, $all_right, $slowest) = (0, 0, 0);

# What a call can say; in the full run one of these as well, each its turn
# (not EPERM for openat: so a file that others can write is refused, and root hears it from no kernel).
my @every = qw(EPERM ENOMEM EINTR EAGAIN ENOBUFS EIO ENOSPC);
my %usual = (
    sendmsg   => [qw(ENOBUFS EPERM)],   recvmsg => [qw(ENOBUFS EINTR)], openat   => [qw(EIO ENFILE)],
    read      => [qw(EIO EINTR)],       write   => [qw(ENOSPC EINTR)],  sendto   => [qw(ENOBUFS EPERM)],
    fcntl     => [qw(ENOMEM EINTR)],    renameat => [qw(ENOSPC EIO)],
    unlinkat  => [qw(EPERM EIO)],       socket  => [qw(EPERM ENOMEM)],  mkdir    => [qw(ENOSPC EPERM)],
    wait4     => [qw(ECHILD EINTR)],
);

# One point of so many: of the first events', of the others'; in the full run all.
sub share {
    my ($s, $first, $others, @points) = @_;
    return grep { $_->[0] =~ /$point_only/ } @points if defined $point_only;
    return $full ? @points : sample($s, $s->{first} ? $first : $others, @points);
}

# What is wrong with how it ended: by itself, in time, with a status that policy allows, in words where it did not do all, and
# without taking away what was right.
sub manners {
    my ($s, $result, $silent) = @_;
    my @wrong;
    my $refused = $result->{err} =~ /the start is refused/;
    my $not_run = $s->{wraps} && $result->{err} =~ m{: vps-net_\w+: /.*\.distrib: }m;
    my $status  = $s->{strict} ? $refused : $s->{own_status} ? ($result->{err} ne '') : $not_run ? 1 : 0;

    $slowest = $result->{seconds} if $result->{seconds} > $slowest;
    return "signal $result->{signal}: $result->{err}" if $result->{signal} && !$s->{may_crash};
    push @wrong, 'what was right is not any more', map { "  $_" } differences(facts(), $s->{at}{begin})
      if $s->{holds} && differences(facts(), $s->{at}{begin});
    return @wrong if $result->{signal};
    return "exit status $result->{exit}: $result->{err}"
      if $result->{exit} != $status && !($s->{own_status} && $result->{exit} =~ /^[013]$/);
    push @wrong, "took $result->{seconds} s" if $result->{seconds} > 12 && !$s->{event}{rain};
    push @wrong, 'not done, and not a word', map { "  $_" } differences(facts(), $s->{at}{done})
      if !$silent && $result->{err} !~ /^guestarp: .*: /m && differences(facts(), $s->{at}{done});
    return @wrong;
}

# What of it is not names of another guest that was told: one whose configuration or policy could not be read while the whole
# table was looked at.
sub untold {
    my ($result, @wrong) = @_;
    my $told = $result->{err} =~ m{the quiet names of pve/10\d may not be right: };
    return grep { !$told || !/^table (?:quiet|loud) [a-z]+10[45][iop]\*: / } @wrong;
}

# They are right after its own next event, in which nothing else is to be done for it; after a sync, where it is no longer managed
# and has no event.
sub told_names {
    my ($result) = @_;
    return if $result->{err} !~ m{the quiet names of pve/10\d may not be right: };
    my @managed = slurp("$root/etc/guestarp/guestarp.json") =~ /"(10[45])"/g;
    run({ argv => [ Fault::program('guestarp-pve'), $_, 'pre-start' ] }) for @managed;
    run({ argv => [ Fault::program('guestarp'), 'sync' ] }) if $result->{err} =~ /pve\/105 may/ && !grep { $_ == 105 } @managed;
    return map { "after the others' own events: $_" } table_wrong(facts(), 1);
}

# Disturbs the event once more for each way in which life goes on. disturb is a function that runs the event.
sub try_point {
    my ($s, $silent, $disturb, $number) = @_;
    my $result = $disturb->();
    my @wrong  = manners($s, $result, $silent);
    my $repair   = repair($s, $number);

    push @wrong, map { "repaired by $repair->[0]{argv}[-1]: $_" } untold($result, end_of($s, 'after', @$repair));
    push @wrong, map { "and ended: $_" } untold($result, end_of($s, 'end', @{ $s->{end} }));
    push @wrong, told_names($result);
    return @wrong if !@{ $s->{back} } || !$full;
    $result = $disturb->();
    push @wrong, map { "not repaired: $_" } follow(@{ $s->{back} }) || ();
    push @wrong, map { "not repaired, ended: $_" }
      untold($result, differences(facts(), $s->{at}{end}, $s->{straight} ? undef : $s->{at}{begin}));
    return @wrong;
}

# Tries a list of [what, silent, function] and says how many of them came right.
sub try_all {
    my ($s, $what, @points) = @_;
    my ($right, $number, @wrong) = (0, 0);
    # What is wrong at a first look guestarp-watch says, or does, at a second one.
    local $s->{event}{until} = sub { return $_[0] =~ /^guestarp: .*: /m || !differences(facts(), $s->{at}{done}) };

    for (@points) {
        my ($name, $silent, $disturb) = @$_;
        my @bad = try_point($s, $silent, $disturb, $number++);
        $right++ if !@bad;
        push @wrong, "$name:", map { "  $_" } @bad if @bad;
    }
    $all_points += @points;
    $all_right  += $right;
    is_right($right == @points, "$s->{name}: " . @points . " times $what, right $right times", @wrong);
    return;
}

# ---- system calls -----------------------------------------------------------------------------------------------------------

# Memory is a sanitizer's own: it ends the program where it gets none. brk knows no errno: the C library takes one for a high
# address, and goes on without the memory.
sub can_fail {
    my ($name) = @_;
    # Where connect fails, nobody knows whether the container runs, and nothing is removed on a guess: the next event does it.
    return 0 if $name =~ /^(?:get(?:e?uid|p?pid)|brk|connect)$/;
    # After a close() that fails Linux has closed the file; strace would leave it open, and each lock would be held to the end.
    # sigprocmask() fails by wrong arguments alone.
    return 0 if $name =~ /^(?:close|rt_sigprocmask)$/;
    return $ENV{FAULT_SHIM} || $name eq 'mkdir' || $name !~ /^(?:m|brk|futex|sig)/;
}

sub failing_calls {
    my ($s) = @_;
    my (@points, $turn);

    for my $call ($full ? calls($s) : deeds(calls($s))) {
        my ($name, $which, $arguments) = @$call;
        next if !can_fail($name);
        my %errors = map { $_ => 1 } @{ $usual{$name} // ['ENOMEM'] }, $full ? $every[ $turn++ % @every ] : ();
        delete $errors{EPERM} if $name eq 'openat';
        for my $error (sort keys %errors) {
            push @points, [ "$error of $name $which ($arguments)", $name eq 'write' && $arguments =~ /^2,/ ? 1 : 0, sub {
                begin($s);
                return run({ %{ $s->{event} }, wrap => [ qw(strace -qq -o /dev/null -e), "trace=$name", '-e', "inject=$name:error=$error:when=$which" ] });
            } ];
        }
    }
    return share($s, 22, 122, @points);
}

# All of one kind, from some call on: no memory for sockets any more, a full disk, a kernel that answers nothing.
sub failing_for_good {
    my ($s) = @_;
    my %names = map { $_->[0] => $_ } reverse calls($s);

    return share($s, 8, 26, map {
        my ($name, $which) = @{ $names{$_} };
        my $error = ($usual{$name} // ['ENOMEM'])->[0];
        [ "$error of $name from $which on", $name eq 'write', sub {
            begin($s);
            return run({ %{ $s->{event} }, wrap => [ qw(strace -qq -o /dev/null -e), "trace=$name", '-e', "inject=$name:error=$error:when=$which+" ] });
        } ]
    } grep { can_fail($_) && !/^rt_sig/ } sort keys %names);
}

# ---- what the shim does -------------------------------------------------------------------------------------------------------

sub shimmed {
    my ($s, %env) = @_;
    begin($s);
    return run({ %{ $s->{event} }, env => { %{ $s->{event}{env} // {} }, LD_PRELOAD => $ENV{FAULT_SHIM}, %env } });
}

sub count {
    my ($s) = @_;
    unlink "$ENV{TMP}/count";
    shimmed($s, FAULT_COUNT => "$ENV{TMP}/count");
    return (slurp("$ENV{TMP}/count") // die "$s->{name}: has not counted\n") =~ /^(\w+) (\d+)$/mg;
}

sub shim_points {
    my ($s, @faults) = @_;
    return map { my $fault = $_; [ $fault, 0, sub { return shimmed($s, FAULT => $fault) } ] } @faults;
}

sub no_memory {
    my ($s, %count) = @_;
    return (share($s, 38, 178, shim_points($s, map { "alloc:$_" } 1 .. $count{alloc})),
        share($s, 194, 794, shim_points($s, map { "alloc:$_+" } 1 .. $count{alloc})));
}

# json-c's parser may crash if there is no memory, which is not ours to repair: that is before anything is changed.
sub no_memory_for_json {
    my ($s, %count) = @_;
    return share($s, 38, 122, shim_points($s, map { "alloc-json:$_" } 1 .. $count{json}));
}

sub no_answer {
    my ($s, %count) = @_;
    my @kinds = qw(recv-lost recv-late recv-cut recv-short dump-intr);
    # One that goes on running asks again each time, and waits: nothing of that ends.
    my $for_good = $s->{event}{rain} ? 0 : $count{recv};
    return (share($s, 22, 122, shim_points($s, map { my $n = $_; map { "$_:$n" } @kinds } 1 .. $count{recv})),
        share($s, 82, 254, shim_points($s, map { my $n = $_; map { "$_:$n+" } qw(recv-lost recv-cut dump-intr) } 1 .. $for_good)));
}

# nf_tables says no: to one request or batch, or to all of them, as without the capability, or as on a kernel without it.
sub refused {
    my ($s, %count) = @_;
    return share($s, 6, 22, shim_points($s, map { my $n = $_; map { ("$_:$n", "$_:$n+") } qw(nft-denied nft-absent) } 1 .. $count{nft}));
}

# Right before each request a device goes, changes its name, or changes it with another.
my %changes = (
    'eth3 goes'          => 'ip link del eth3',
    'eth3 is renamed'    => 'ip link set eth3 down; ip link set eth3 name ethx; ip link set ethx up',
    'eth3 and eth4 swap' => 'ip -batch - <<END
link set eth3 down
link set eth4 down
link set eth3 name ethx
link set eth4 name eth3
link set ethx name eth4
link set eth3 up
link set eth4 up
END',
    'the firewall bridge goes'       => 'ip link del fwbr101i0',
    'the firewall bridge is renamed' => 'ip link set fwbr101i0 down; ip link set fwbr101i0 name fwbrx; ip link set fwbrx up',
    'the bridge goes'                => 'ip link del vmbr0',
);

# The devices, and their values, as they were before the event.
sub put_back {
    my ($s) = @_;
    my $were = $s->{at}{begin};

    ip_batch(map { "link del $_" } grep { -e "/sys/class/net/$_" } qw(ethx eth3 eth4 fwbrx fwbr101i0));
    ip_batch(Fault::make_links());
    ip_batch(map { "link del $_" } grep { !exists $were->{"device $_"} } qw(veth101i0));
    Fault::forward();
    for (keys %$were) { spew("/proc/sys/net/$2/$1/$3", "$were->{$_}\n") if m{^(eth\d|fwbr\w+) (ipv\d/\w+)/(\w+)$} }
    ip_batch('link set fwbr101i0 arp off') if $were->{'fwbr101i0 flags'} =~ /NOARP/;
    ip_batch("link set vmbr0 address $1") if $were->{'vmbr0 MAC'} =~ /^pinned (.*)/;
    return;
}

# Afterwards the next event makes everything right, whatever the first one did.
sub changed_devices {
    my ($s, %count) = @_;
    my @points;

    for my $what (sort keys %changes) {
        my $script = "$ENV{TMP}/" . $what =~ s/ /-/gr;
        spew($script, "#!/bin/sh\nexec >/dev/null 2>&1\n$changes{$what}\n", 0755);
        for my $n (1 .. $count{send}) {
            push @points, [ "$what before request $n", 1, sub {
                my $result = shimmed($s, FAULT => "before-send:$n", FAULT_RUN => $script);
                put_back($s);
                return $result;
            } ];
        }
    }
    return share($s, 46, 134, @points);
}

# ---- run --------------------------------------------------------------------------------------------------------------------

host($root);
print STDERR '# seed ', seed(), "\n" if !$full;
my @scenarios = scenarios($root);
# Where policy says abort: the start is kept exactly when it is said so.
push @scenarios, { %{ $scenarios[0] }, name => 'guestarp-pve pre-start, abort', strict => 1, end => [], back => [],
    before_policy => $scenarios[0]{before_policy} =~ s/"announce": 1/"announce": 1, "on_error": "abort"/r };
for my $s (@scenarios) {
    next if defined $only && $s->{name} !~ /$only/;
    my $usual = prepare($s);
    $s->{own_status} = $s->{name} =~ /^guestarp(?:-watch,)? /;
    is_right(0, "$s->{name}: undisturbed", $usual->{err}, @{ $s->{wrong} }), next
      if @{ $s->{wrong} } || $usual->{exit} || $usual->{signal} || !differences($s->{at}{done}, $s->{at}{begin}) != !!($s->{holds} || $s->{as_before});
    try_all($s, 'a call fails', failing_calls($s));
    try_all($s, 'calls fail for good',      failing_for_good($s));
    next if !$ENV{FAULT_SHIM};
    my %count = count($s);
    try_all($s, 'memory is not there',      no_memory($s, %count));
    try_all({ %$s, may_crash => 1 }, 'memory is not there for JSON', no_memory_for_json($s, %count));
    try_all($s, 'an answer is not there',   no_answer($s, %count));
    try_all($s, 'nf_tables refuses',        refused($s, %count)) if $count{nft};
    # guestarp-watch hears of that, too, and acts on it: a port that is in no bridge for a moment may be its guest's gateway for good.
    try_all({ %$s, holds => 0 }, 'a device goes or changes', changed_devices($s, %count)) if !$s->{event}{rain};
}
is_right(children_left() == 0, 'no process is left');
finish(sprintf 'failing: %d points tried, %d converged, the slowest took %.1f s', $all_points, $all_right, $slowest);
