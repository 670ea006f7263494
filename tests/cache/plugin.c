/* SPDX-License-Identifier: GPL-2.0-or-later */
int answer(int x)
{
    int sum = 1;
    for (int i = 0; i < FACTOR; i++)
        sum += x;
    return sum;
}
