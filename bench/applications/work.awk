{ n += length($0); c[substr($0, 1, 2)]++; if ($0 ~ /[A-C]x.*9/) m++ }
END { for (k in c) if (c[k] > best) best = c[k]; print n, m, best }
