package Watch;

# guestarp-watch beside a test, in the network namespace of who starts it.
# Use:  perl -Itests -MWatch -e 'Watch::idle(shift)' PID

use strict;
use warnings;
use Time::HiRes qw(sleep time);

my %waits = map { $_ => 1 } 232, 281, 22;    # epoll_wait and epoll_pwait, of x86-64 and arm64

# Returns the process's number when it has looked at everything. $log gets what it says; @wrap stands before it.
sub start {
    my ($root, $log, @wrap) = @_;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        $ENV{GUESTARP_ROOT} = $root;
        open STDIN,  '<',  '/dev/null' or die;
        open STDOUT, '>>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT or die;
        exec @wrap, "$ENV{GUESTARP_BUILD}/guestarp-watch", '--foreground' or die "guestarp-watch: $!\n";
    }
    idle($pid);
    return $pid;
}

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return <$in> // '';
}

# Nothing is in its sockets, and it sleeps: a process that something has come for is no longer asleep.
sub is_idle {
    my ($pid) = @_;
    my %unread = map { my @f = split; ($f[-1] => $f[4]) } split /\n/, slurp("/proc/$pid/net/netlink");
    for my $fd (glob "/proc/$pid/fd/*") {
        my ($inode) = (readlink $fd // '') =~ /^socket:\[(\d+)\]$/ or next;
        return 0 if $unread{$inode};
    }
    return 0 if slurp("/proc/$pid/stat") !~ /\) S /;
    my ($call) = split / /, slurp("/proc/$pid/syscall");
    return $waits{$call} if defined $call;
    # User-Mode Linux does not tell. Its other sleeps are shorter than this.
    my $switches = slurp("/proc/$pid/status");
    sleep 0.03;
    return $switches eq slurp("/proc/$pid/status");
}

sub ended {
    my ($pid) = @_;
    return slurp("/proc/$pid/stat") !~ /\) [^ZX] /;
}

# Until it has handled all that has happened so far; false where it has ended, or does not come to that in time. What it waits for
# by the clock is not in it.
sub settled {
    my ($pid, $seconds) = @_;
    my $end = time + ($seconds // 60);
    until (is_idle(traced($pid))) {
        return 0 if ended($pid) || time > $end;
        sleep 0.002;
    }
    return 1;
}

sub idle {
    settled(@_) or die "guestarp-watch has ended, or never comes to rest\n";
    return;
}

# Of strace what it runs.
sub traced {
    my ($pid) = @_;
    my ($child) = slurp("/proc/$pid/comm") eq "strace\n" ? split / /, slurp("/proc/$pid/task/$pid/children") : ();
    return $child // $pid;
}

# Its exit status and signal, as in $?.
sub stop {
    my ($pid) = @_;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return $?;
}

1;
