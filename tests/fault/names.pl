# Forty hooks at once, each of which may be the first to find that there is no table. Run by names.t.

use strict;
use warnings;
use Fault qw(facts run program differences nft at_once children_left slurp spew table_wrong);
use Tap   qw(is_right finish);

my ($root) = @ARGV;
my $rounds = $ENV{GUESTARP_FAULT_FULL} ? 100 : 3;
my $flips  = $ENV{GUESTARP_FAULT_FULL} ? 200 : 6;
my @guests = (301 .. 340);
my $calls  = 0;

sub with_policy {
    my ($all) = @_;
    my $path = "$root/etc/guestarp/guestarp.json";
    spew("$path.new", $all ? qq({"guests": {"*": {}, "301": {"firewall_bridge": "leave"}}}\n) : qq({"guests": {"301": {"ports": "leave"}}}\n));
    rename "$path.new", $path or die "$path: $!\n";
    return;
}

# One line for what ended wrongly, or said that something was wrong.
sub happens {
    my (@argv) = @_;
    my $result = run({ argv => [ program(shift @argv), @argv ], env => { PVE_MIGRATED_FROM => '' } });
    my @words  = grep { !/^guestarp: (?:\S+: (?:prepared|up)|sync): / } split /\n/, $result->{err};
    print "bad @argv: exit status $result->{exit}, signal $result->{signal}: ", join(' | ', @words), "\n"
      if $result->{exit} || $result->{signal} || @words;
    print "call\n";
    return;
}

sub bad {
    my (@lines) = @_;
    $calls += grep { $_ eq "call\n" } @lines;
    return grep { /^bad/ } @lines;
}

# Exactly the guests', by a witness of its own: forty guests' six names each, whatever Table.pm makes of the files.
sub count_wrong {
    my ($facts, $count) = @_;
    my $names = grep { /^table (?:quiet|loud) / } keys %$facts;
    my $rules = grep { /^table rule / } keys %$facts;
    return $names == $count && $rules == 2 ? () : "$names names, should be $count; $rules rules, should be 2";
}

sub at_the_start {
    my ($phase) = @_;
    my @wrong;
    for my $round (1 .. $rounds) {
        nft('delete table arp guestarp');
        my @bad   = bad(at_once(map { my $id = $_; sub { happens('guestarp-pve', $id, $phase) } } @guests));
        my $facts = facts();
        push @wrong, map { "round $round: $_" } @bad, table_wrong($facts, 1), count_wrong($facts, 6 * @guests);
    }
    is_right(!@wrong, 'forty times ' . $phase . " at once without a table, $rounds times: the forty guests' names, and each rule once", @wrong);
    return;
}

# The hooks go on until policy has settled.
sub while_policy_flips {
    my ($last) = @_;
    my $done = "$ENV{TMP}/settled";
    unlink $done;
    my @bad = bad(at_once(
        sub {
            for my $flip (1 .. $flips) {
                with_policy(($flip + $flips + $last) % 2);
                happens('guestarp', 'sync');
            }
            spew($done, '');
        },
        map { my $id = $_; sub { happens('guestarp-pve', $id, rand() < 0.5 ? 'pre-start' : 'post-start') while !-e $done } } @guests));
    my $name = "forty guests' hooks while policy changes $flips times, at last to " . ($last ? 'every guest' : 'single guests');
    is_right(!@bad, "$name: none failed", @bad);
    my @wrong = table_wrong(facts(), 1);
    is_right(!@wrong, "$name: the names are what policy says", @wrong);
    @bad   = bad(at_once(sub { happens('guestarp', 'sync') }));
    @wrong = (@bad, table_wrong(facts(), 1));
    is_right(!@wrong, "$name: and so they are after a sync", @wrong);
    return;
}

Fault::host($root);
unlink glob "$root/etc/pve/*/*.conf $root/etc/vz/conf/*.conf";
spew("$root/etc/pve/lxc/$_.conf", "hookscript: local:snippets/guestarp\nnet0: name=eth0,bridge=vmbr0,firewall=1,type=veth\n") for @guests;
spew("$root/etc/guestarp/guestarp.json", "{}\n");
at_the_start($_) for qw(pre-start post-start);
while_policy_flips($_) for 1, 0;
is_right(children_left() == 0, 'no process is left');
finish("names: $calls calls of the programs");
