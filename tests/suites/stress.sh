# SPDX-License-Identifier: GPL-2.0-or-later
# Each of stress-ng's stressors for two seconds, with its own checks.

outcomes_stress() { grep -aoE '^ended with [0-9]+$|unsuccessful run|successful run|stress-ng: fail: .*' "$1" | sed -E 's/\[[0-9]+\] *//' | sort -u; }

for stressor in $(on native inside 20 stress-ng --stressors); do
    compare stress "$stressor" 60 "stress-ng --verify --timeout 2 --$stressor 1; echo ended with \$?"
done
