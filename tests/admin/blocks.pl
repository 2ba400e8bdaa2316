#!/usr/bin/perl
# The command blocks of documents, for documents.t: one directory a block in DIRECTORY, with the files "host", "finds",
# "text", "kind" and "where".
#
#   tests/admin/blocks.pl DIRECTORY FILE...
#
# Markdown: a fence with the language sh or console, and "host=NAME" or "elsewhere=WHO" behind it; then "finds=ID,...", what
# check finds on that host before the block is run. sh has commands, console has one behind "# " and what it prints. A manual:
# the text between `.\" try: NAME` and `.\" end`. What looks like commands without such a word is an error, and so is a block
# without commands.

use strict;
use warnings;

my ($directory, @files) = @ARGV;
my $count = 0;
my $bad;

sub block { # WHERE KIND WORD TEXT
    my ($where, $kind, $word, $text) = @_;
    my $finds = $word =~ s/ finds=([a-z,-]+)$// ? $1 : "";
    if ($word !~ /^(?:host|elsewhere)=[a-z-]+$/) {
        warn "$where: no host=NAME or elsewhere=WHO\n";
        $bad = 1;
        return;
    }
    if ($text !~ /\S/) {
        warn "$where: no command\n";
        $bad = 1;
    }
    my $to = sprintf "%s/%03d", $directory, ++$count;
    mkdir $to or die "$to: $!\n";
    my %files = (host => $word, finds => $finds =~ tr/,/ /r, kind => $kind, where => $where, text => $text);
    for (keys %files) {
        open my $out, ">", "$to/$_" or die "$to/$_: $!\n";
        print $out $files{$_} . ($_ eq "text" ? "" : "\n");
    }
}

sub markdown {
    my ($file, @lines) = @_;
    my ($start, $kind, $word, $text);
    while (my ($i, $line) = each @lines) {
        if (!defined $start && $line =~ /^```(\S*)\s*(.*)$/) {
            ($start, $kind, $word, $text) = ($i + 1, $1, $2, "");
        } elsif (defined $start && $line =~ /^```$/) {
            block("$file:$start", $kind, $word, $text) if $kind =~ /^(?:sh|console)$/;
            undef $start;
        } elsif (defined $start) {
            $text .= "$line\n";
        }
    }
    die "$file:$start: the fence does not end\n" if defined $start;
}

my %ESCAPES = (aq => "'", dq => '"', "&" => "", e => "\\", "-" => "-");

sub manual {
    my ($file, @lines) = @_;
    my ($start, $word, $text);
    while (my ($i, $line) = each @lines) {
        if ($line =~ /^\.\\" try: (\S+)$/) {
            ($start, $word, $text) = ($i + 1, "host=$1", "");
        } elsif (defined $start && $line =~ /^\.\\" end$/) {
            block("$file:$start", "sh", $word, $text);
            undef $start;
        } elsif ($line =~ /^(?:\.Dl )?# (.*)$/) {
            if (!defined $start) {
                warn "$file:@{[$i + 1]}: a command outside of \"try\" and \"end\"\n";
                $bad = 1;
                next;
            }
            $text .= $1 =~ s/\\(?:\((..)|([&e-]))/$ESCAPES{$1 \/\/ $2} \/\/ die "$file: $&\n"/ger . "\n";
        }
    }
    die "$file:$start: no end\n" if defined $start;
}

for my $file (@files) {
    open my $in, "<", $file or die "$file: $!\n";
    chomp(my @lines = <$in>);
    $file =~ s{^.*/\.\./}{};
    $file =~ /\.[1-8]$/ ? manual($file, @lines) : markdown($file, @lines);
}
print "$count\n";
exit($bad ? 1 : 0);
