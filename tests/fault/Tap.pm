package Tap;

# One assertion of many points: its line; and on stderr, which prove shows, what went wrong, and the sum of all.

use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(is_right finish);

my ($tests, $failed) = (0, 0);

# The reasons are cut short, as one mistake may show at each of a thousand points.
sub is_right {
    my ($right, $name, @wrong) = @_;
    $tests++;
    print +($right ? 'ok' : 'not ok'), " $tests - $name\n";
    $failed += !$right;
    splice @wrong, 80, $#wrong, '...' if @wrong > 80 && !$ENV{GUESTARP_TEST_VERBOSE};
    print STDERR "# failed: $name\n" if !$right;
    print STDERR map { s/^/# /gmr . "\n" } @wrong;
    return;
}

sub finish {
    my ($sum) = @_;
    print STDERR "# $sum\n";
    print "1..$tests\n";
    exit($failed > 0);
}

1;
