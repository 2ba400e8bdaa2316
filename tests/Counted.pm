package Counted;

# A harness for prove that ends with one line: N passed, N failed[, N skipped], counted over single assertions.
# Use:  PERL5LIB=tests prove --harness Counted FILE...   or simply tests/run.

use strict;
use warnings;
use parent 'TAP::Harness';

# Tests are programs of any language: run each file itself rather than with perl.
sub new {
    my ($class, $args) = @_;
    my %args = %{ $args // {} };
    $args{exec} //= sub { my ($harness, $file) = @_; return -x $file && !-d _ ? [$file] : undef };
    return $class->SUPER::new(\%args);
}

# A file can also fail as a whole: it died, its plan does not fit, it ran nothing. That is one more failure, unless
# a failed assertion already explains its exit status.
sub counts {
    my ($self, $aggregate) = @_;
    my ($passed, $failed, $skipped) = (0, 0, 0);
    for my $parser ($aggregate->parsers) {
        my $file_skipped = defined $parser->skip_all && !$parser->exit;
        my $file_failed  = scalar $parser->failed;
        $skipped += $file_skipped ? 1 : scalar $parser->skipped;
        $passed  += $parser->passed - $parser->skipped;
        $failed  += $file_failed;
        $failed++
          if scalar $parser->parse_errors
          || ((($parser->exit // 0) || ($parser->wait // 0)) && !$file_failed)
          || (!$file_skipped && !$parser->tests_run && !scalar $parser->parse_errors);
    }
    return ($passed, $failed, $skipped);
}

sub summary {
    my ($self, $aggregate, $interrupted) = @_;
    $self->SUPER::summary($aggregate, $interrupted);
    my ($passed, $failed, $skipped) = $self->counts($aggregate);
    $failed++ if $interrupted;
    $self->{counted_good} = $passed > 0 && $failed == 0;
    local $| = 1;
    print "$passed passed, $failed failed" . ($skipped ? ", $skipped skipped" : '') . "\n";
    return;
}

# Did at least one assertion pass, and none fail?
sub good { return $_[0]{counted_good} }

1;
