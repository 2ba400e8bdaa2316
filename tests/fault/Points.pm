package Points;

# A scenario and the system calls that its event makes: where it can be disturbed, and which of these points a run tries.

use strict;
use warnings;
use Exporter qw(import);
use Fault qw(facts reset_to run differences ip_batch nft slurp policy table_wrong);

our @EXPORT_OK = qw(prepare begin calls deeds end_of follow seed sample repair);

my ($base, $seed);

# The short run tries one point of so many, and other ones from seed to seed; with the same one, the same.
sub seed {
    $seed //= $ENV{GUESTARP_SEED} // time % 1_000_000;
    return $seed;
}

# Every step'th of a scenario's points, in their order. Within so many seeds each has its turn. GUESTARP_SHORT: half of them.
sub sample {
    my ($s, $step, @points) = @_;
    $step *= 2 if $ENV{GUESTARP_SHORT};
    my $first = (seed() + unpack '%32C*', $s->{name}) % $step;
    return @points[ grep { $_ % $step == $first } 0 .. $#points ];
}

# The events that repair the number'th point.
sub repair {
    my ($s, $number) = @_;
    return $s->{again}[ ($number + seed()) % @{ $s->{again} } ];
}

# Once, before everything: what the host is like without any guest.
sub base {
    $base //= facts();
    return $base;
}

# To the state in which the scenario's event comes.
sub begin {
    my ($s) = @_;
    my %want = (%{ base() }, map { $_ => '' } @{ $s->{stale} // [] });
    # Another bridge would get its MAC at once.
    delete $want{'vmbr0 MAC'} if $s->{prepared};
    reset_to(\%want, $s->{before_policy});
    run($_) for @{ $s->{start} // [] };
    ip_batch(@{ $s->{before} // [] });
    nft($s->{nft}) if $s->{nft};
    policy($s->{policy}) if $s->{policy};
    return;
}

# What the scenario's states are when nothing disturbs it: {begin}, {done} its event, {after} that and what
# it leaves to others, {end}. {wrong} is how the table is not
# what the host's files want: that is never taken from the program itself.
sub prepare {
    my ($s) = @_;
    my $result;
    begin($s);
    $s->{at}{begin} = facts();
    $result = run($s->{event});
    $s->{at}{done} = facts();
    run($_) for @{ $s->{then} // [] };
    $s->{at}{after} = facts();
    $s->{usual} = $result;
    $s->{wrong} = [ map { "after it: $_" } table_wrong($s->{at}{after}, !$s->{nameless}) ];
    run($_) for @{ $s->{end} };
    $s->{at}{end} = facts();
    push @{ $s->{wrong} }, map { "at the end: $_" } table_wrong($s->{at}{end}, !$s->{nameless});
    return $result;
}

# Every system call of the program's own from its first line on: [name, which of that name, its arguments].
sub calls {
    my ($s) = @_;
    my (%count, @calls, $begun);
    my $trace = "$ENV{TMP}/trace";
    begin($s);
    $s->{traced} = run({ %{ $s->{event} }, wrap => [ 'strace', '-qq', '-s', '40', '-o', $trace ] });
    for (split /\n/, slurp($trace)) {
        # The kernel makes proxy_ndp's write anew, as often as somebody else is changing devices: one call.
        next if /= \? ERESTART/;
        my ($name, $arguments) = /^(\w+)\((.*)/ or next;
        $count{$name}++;
        $begun ||= /^rt_sigaction\(SIGPIPE/;
        push @calls, [ $name, $count{$name}, substr $arguments, 0, 60 ] if $begun && $name !~ /^(?:exit_group|rt_sigreturn)$/;
    }
    return @calls;
}

# The calls up to the last one that does something: after it there are words for stderr and syslog alone.
sub deeds {
    my (@calls) = @_;
    my $last = 0;
    for (0 .. $#calls) { $last = $_ if $calls[$_][0] =~ /^(?:send|recv|rename|unlink|mkdir|fcntl|vfork|clone|wait)/ }
    return @calls[ 0 .. ($last + 2 > $#calls ? $#calls : $last + 2) ];
}

# The events, one after the other; the first that fails in its own words, or ''.
sub follow {
    my (@events) = @_;
    for (@events) {
        my $result = run($_);
        my @words  = map { s{.*/}{}r } @{ $_->{argv} };
        return "then '@words': exit status $result->{exit}, signal $result->{signal}: $result->{err}"
          if $result->{exit} || $result->{signal};
    }
    return '';
}

# What is wrong after the repairing events, and after those that end the guest's life.
sub end_of {
    my ($s, $which, @events) = @_;
    my $failed = follow(@events);
    my $want   = $s->{at}{$which};
    return ($failed ? $failed : (), differences(facts(), $want));
}

1;
