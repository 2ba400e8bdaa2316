package Counted;

# A harness for prove that ends with one line: N passed, N failed[, N skipped], counted over single assertions.
# Use:  PERL5LIB=tests prove --harness Counted FILE...   or simply tests/run.

use strict;
use warnings;
use File::Temp;
use parent 'TAP::Harness';

my $SLOWEST    = 12;    # so many files are named with their time
my $LAST_LINES = 30;    # so many of a failed file's comments, and of its errors, are printed at the end

# Tests are programs of any language: run each file itself rather than with perl. Its errors are printed when it has
# ended, in one piece, as another file runs beside it.
my $RUN = 'kept=$1; shift; "$@" 2>"$kept.errors"; status=$?; times >"$kept.times"; cat "$kept.errors" >&2; exit $status';

# TAP::Harness's arguments, and "program": one that runs what is named, where these are no files.
sub new {
    my ($class, $args) = @_;
    my %args = %{ $args // {} };
    my $kept = File::Temp->newdir;
    my $program = delete $args{program};
    $args{exec} //= sub {
        my ($harness, $file) = @_;
        return if !$program && (!-x $file || -d _);
        return ['/bin/sh', '-c', $RUN, 'sh', kept_name($kept, $file), $program // (), $file];
    };
    my $self = $class->SUPER::new(\%args);
    $self->{counted_kept} = $kept;
    $self->callback(
        made_parser => sub {
            my ($parser, $job) = @_;
            my $said = $self->{counted_said}{ $job->[1] } = [];
            $parser->callback(test    => sub { push @$said, $_[0]->as_string . "\n" if !$_[0]->is_ok });
            $parser->callback(comment => sub { push @$said, $_[0]->as_string . "\n" });
        }
    );
    return $self;
}

sub kept_name {
    my ($kept, $file) = @_;
    return "$kept/" . $file =~ tr{/}{%}r;
}

sub lines_of {
    my ($name) = @_;
    open my $in, '<', $name or return;
    return <$in>;
}

# User and system seconds of a file's processes, as the shell's `times` prints them: those of the shell, those of its children.
sub cpu {
    my ($name) = @_;
    my (undef, $children) = lines_of("$name.times");
    my $sum = 0;
    $sum += 60 * $1 + $2 while ($children // '') =~ /(\d+)m([\d.]+)s/g;
    return $sum;
}

sub last_of {
    my ($lines) = @_;
    return @$lines > $LAST_LINES ? @$lines[-$LAST_LINES .. -1] : @$lines;
}

# What somebody who has only the end of a log wants: which file failed with which words, and where the time went.
sub last_words {
    my ($self, $aggregate) = @_;
    my %seconds;
    for my $file ($aggregate->descriptions) {
        my ($parser) = $aggregate->parsers($file);
        $seconds{$file} = ($parser->end_time // 0) - ($parser->start_time // 0);
        next unless $parser->has_problems;
        print "$file failed:\n", map { last_of($_) } $self->{counted_said}{$file} // [],
          [lines_of(kept_name($self->{counted_kept}, $file) . '.errors')];
    }
    my @files = sort { $seconds{$b} <=> $seconds{$a} } keys %seconds;
    splice @files, $SLOWEST if @files > $SLOWEST;
    printf "%5.0f s, %5.0f s of CPU: %s\n", $seconds{$_}, cpu(kept_name($self->{counted_kept}, $_)), $_ for @files;
    return;
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
    $self->last_words($aggregate);
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
