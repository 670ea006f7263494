my (%count, $total);
for my $i (1 .. 200000) { my $w = sprintf("%x", $i * 7919); $w =~ s/[0-9]+/-/g; $count{$w}++; $total += length $w; }
my @sorted = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $s = 0; for my $i (1 .. 1500000) { $s = ($s * 31 + $i) & 0xffffff; }
print "$total $s @sorted[0..3]\n";
