# Right before each request of an event, another one of the same guest comes and has the last word. Run by meanwhile.t.

use strict;
use warnings;
use Events qw(meetings);
use Fault  qw(host facts run differences children_left ip_batch nft slurp spew table_wrong);
use Points qw(begin seed sample);
use Tap    qw(is_right finish);

my ($root, $only, $point_only) = @ARGV;
my $full = $ENV{GUESTARP_FAULT_FULL};
my $lock = "$root/run/guestarp/lock";
my ($all_points, $all_right) = (0, 0);
my %before;

sub quoted {
    return join ' ', map { "'" . s/'/'\\''/gr . "'" } @_;
}

# Where the next text of a file waits for its moment.
sub new_file {
    my ($s, $path) = @_;
    my $new = "$ENV{TMP}/" . $path =~ s{/}{_}gr;
    spew($new, $s->{files}{$path});
    return $new;
}

# To where the event comes, with every file as it was before any meeting.
sub begin_again {
    my ($s) = @_;
    for my $path (keys %{ $s->{files} }) {
        $before{$path} //= slurp($path);
        spew($path, $before{$path}) if defined $before{$path};
    }
    begin($s);
    return;
}

# What comes between two requests, as a script. Where the first event holds the lock, it goes on when the others have
# ended, or sleep, as they do between two questions for the lock.
sub script {
    my ($s)     = @_;
    my $changes = join '', map { "ip $_\n" } @{ $s->{change} };
    my $files   = join '', map { my $new = new_file($s, $_); "cp $new $_.new\nmv $_.new $_\n" } sort keys %{ $s->{files} };
    my $others  = join '', map {
        my %env = (GUESTARP_ROOT => $root, PVE_MIGRATED_FROM => '', %{ $_->{env} // {} });
        my $ended = defined $_->{monitor} && !$_->{monitor} ? "kill -USR1 1\nwhile grep -q lxc/web/command /proc/net/unix; do :; done\n" : '';
        $ended . quoted('env', (map { "$_=$env{$_}" } sort keys %env), @{ $_->{argv} }) . "\n"
    } @{ $s->{others} };
    my $nft     = $s->{nft_between} ? "nft '$s->{nft_between}'\n" : '';
    return <<"END";
#!/bin/sh
exec >/dev/null 2>&1
${changes}${files}${nft}others() {
${others}: >$ENV{TMP}/done
}
if grep -q "OFDLCK.*:\$(stat -c %i $lock) " /proc/locks; then others & else others; fi
asleep() {
	grep -qs nanosleep \$(pgrep -P "\$1" | sed 's:.*:/proc/&/wchan:') /dev/null
}
until [ -e $ENV{TMP}/done ] || asleep "\$!"; do :; done
END
}

# Disturbed right before its n'th request, 0 for not at all.
sub meet {
    my ($s, $n) = @_;
    my $path  = "$ENV{TMP}/meanwhile";
    my %fault = $n ? (FAULT => "before-send:$n", FAULT_RUN => $path) : (FAULT_COUNT => "$ENV{TMP}/count");
    begin_again($s);
    unlink "$ENV{TMP}/done", $n ? () : "$ENV{TMP}/count";
    spew($path, script($s), 0755);
    return run({ %{ $s->{event} }, env => { %{ $s->{event}{env} // {} }, LD_PRELOAD => $ENV{FAULT_SHIM}, %fault } });
}

# Facts but for those that may be one way or the other: host devices' values stay when a guest leaves the device.
sub without {
    my ($facts, $either) = @_;
    delete @$facts{ grep { $_ =~ $either } keys %$facts } if $either;
    return $facts;
}

# What is wrong in the end: of the whole host, or of the names alone, which are what the files as they are then want.
sub wrong {
    my ($s) = @_;
    my $facts = facts();
    return table_wrong($facts, 1) if $s->{names_alone};
    return (differences(without($facts, $s->{either}), $s->{wanted}), $s->{nameless} ? () : table_wrong($facts, 1));
}

sub try_point {
    my ($s, $n) = @_;
    my $result = meet($s, $n);
    my $end    = time + 30;
    select undef, undef, undef, 0.01 while !-e "$ENV{TMP}/done" && time < $end;
    return 'the other event has not ended' if !-e "$ENV{TMP}/done";
    return ("signal $result->{signal}: $result->{err}") if $result->{signal};
    return wrong($s);
}

sub try_meeting {
    my ($s) = @_;
    my $usual = meet($s, 0);
    my ($requests) = (slurp("$ENV{TMP}/count") // '') =~ /^send (\d+)$/m;
    my ($right, @wrong) = (0);
    return is_right(0, "$s->{name}: undisturbed", $usual->{err}) if $usual->{exit} || $usual->{signal} || !$requests;
    my @points = ($s->{from} // 1) .. $requests;

    @points = defined $point_only ? grep { "request $_" =~ /$point_only/ } @points : $full ? @points : sample($s, 14, @points);
    # As if the event had come after the others.
    begin_again($s);
    ip_batch(@{ $s->{change} });
    spew($_, $s->{files}{$_}) for keys %{ $s->{files} };
    nft($s->{nft_between}) if $s->{nft_between};
    run($_) for @{ $s->{others} };
    run($s->{event});
    $s->{wanted} = without(facts(), $s->{either});
    for my $n (@points) {
        my @bad = try_point($s, $n);
        $right++ if !@bad;
        push @wrong, "before request $n:", map { "  $_" } @bad if @bad;
    }
    $all_points += @points;
    $all_right  += $right;
    is_right($right == @points, "$s->{name}: at " . @points . " of $requests moments, right $right times", @wrong);
    return;
}

host($root);
print STDERR '# seed ', seed(), "\n" if !$full;
for my $s (meetings($root)) { try_meeting($s) if !defined $only || $s->{name} =~ /$only/ }
is_right(children_left() == 0, 'no process is left');
finish("meanwhile: $all_points points tried, $all_right right");
