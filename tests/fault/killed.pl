# SIGKILL at every system call of every event: the next ordinary event makes everything right. Run by killed.t.

use strict;
use warnings;
use Events qw(scenarios);
use Fault  qw(host facts run differences children_left);
use Points qw(prepare begin calls deeds end_of seed sample repair);
use Tap    qw(is_right finish);

my ($root, $only, $point_only) = @ARGV;
my $full = $ENV{GUESTARP_FAULT_FULL};
my ($all_points, $all_right) = (0, 0);

# Ends the event before its call'th system call of that name.
sub kill_at {
    my ($s, $name, $which) = @_;
    begin($s);
    return run({ %{ $s->{event} }, wrap => [ qw(strace -qq -o /dev/null -e), "trace=$name", '-e', "inject=$name:signal=KILL:when=$which" ] });
}

sub try_point {
    my ($s, $point, $number) = @_;
    my ($name, $which) = @$point;
    my (@wrong, $result);

    $result = kill_at($s, $name, $which);
    # How often guestarp-watch wakes differs: what is right then is all the same.
    return ("it was not reached: exit status $result->{exit}, signal $result->{signal}: $result->{err}", "when traced: $s->{traced}{err}")
      if $result->{signal} != 9 && ($result->{signal} || $result->{exit} || !$s->{event}{rain});
    my @repairs = $full ? @{ $s->{again} } : repair($s, $number);
    for my $repair (@repairs) {
        kill_at($s, $name, $which) if $repair != $repairs[0];
        push @wrong, map { "repaired by $repair->[0]{argv}[-1]: $_" } end_of($s, 'after', @$repair);
        push @wrong, map { "and ended: $_" } end_of($s, 'end', @{ $s->{end} });
    }
    return @wrong if !@{ $s->{back} };
    kill_at($s, $name, $which);
    push @wrong, map { "not repaired: $_" } Points::follow(@{ $s->{back} }) || ();
    # What is the host's own may have been set already or not; what is the guest's is exact.
    push @wrong, map { "not repaired, ended: $_" }
      differences(facts(), $s->{at}{end}, $s->{straight} ? undef : $s->{at}{begin});
    return @wrong;
}

sub try_scenario {
    my ($s) = @_;
    my $usual = prepare($s);
    my ($number, $right) = (0, 0);
    my @calls  = $full ? calls($s) : deeds(calls($s));
    my @points = map { [ @$_, "killed at $_->[0] $_->[1] ($_->[2])" ] } @calls;
    my @wrong;

    return is_right(0, "$s->{name}: undisturbed", "exit status $usual->{exit}, signal $usual->{signal}", $usual->{err}, @{ $s->{wrong} })
      if $usual->{exit} || $usual->{signal} || @calls < 10 || @{ $s->{wrong} };
    @points = defined $point_only ? grep { $_->[3] =~ /$point_only/ } @points : $full ? @points : sample($s, $s->{main} ? 10 : 40, @points);
    for my $point (@points) {
        my @bad = try_point($s, $point, $number++);
        $right++ if !@bad;
        push @wrong, "$point->[3]:", map { "  $_" } @bad if @bad;
    }
    $all_points += @points;
    $all_right  += $right;
    is_right($right == @points, "$s->{name}: killed at " . @points . ' of its ' . @calls . " system calls, right again after $right", @wrong);
    return;
}

host($root);
print STDERR '# seed ', seed(), "\n" if !$full;
for my $s (scenarios($root)) { try_scenario($s) if !defined $only || $s->{name} =~ /$only/ }
is_right(children_left() == 0, 'no process is left');
finish("killed: $all_points points tried, $all_right converged");
