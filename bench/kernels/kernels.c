/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Steady-state kernels: kernels NAME [ROUNDS]. Each prints a checksum, so that native and translated runs can be compared, and
 * takes some 0.3 s natively with its default rounds.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* -- integer --------------------------------------------------------------------------------------------------------------- */

static uint64_t sieve(long rounds)
{
    enum { N = 1 << 16 };
    static uint8_t composite[N];
    uint64_t sum = 0;
    while (rounds--) {
        memset(composite, 0, sizeof composite);
        for (unsigned i = 2; i < N; i++) {
            if (composite[i])
                continue;
            sum += i;
            for (unsigned j = i + i; j < N; j += i)
                composite[j] = 1;
        }
    }
    return sum;
}

static uint64_t crc(long rounds)
{
    static uint8_t data[4096];
    static uint32_t table[256];
    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        table[i] = c;
    }
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)next_random();
    uint32_t c = ~0u;
    while (rounds--)
        for (unsigned i = 0; i < sizeof data; i++)
            c = table[(c ^ data[i]) & 255] ^ (c >> 8);
    return c;
}

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint64_t sha256(long rounds)
{
    static uint32_t k[64], h[8] = {1, 2, 3, 4, 5, 6, 7, 8}, w[64];
    for (int i = 0; i < 64; i++)
        k[i] = (uint32_t)next_random();
    while (rounds--) {
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)(rounds + i);
        for (int i = 16; i < 64; i++)
            w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
                   (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7];
        for (int i = 0; i < 64; i++) {
            uint32_t t1 = z + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
            uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            z = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += z;
    }
    return h[0] ^ (uint64_t)h[7] << 32;
}

static uint64_t hash_chase(long rounds)
{
    enum { N = 1 << 12 };
    static uint32_t keys[N], values[N];
    for (unsigned i = 0; i < N / 2; i++) {
        uint32_t key = (uint32_t)next_random() | 1, at = key * 2654435761u >> 20;
        while (keys[at])
            at = (at + 1) & (N - 1);
        keys[at] = key, values[at] = i;
    }
    uint64_t sum = 0;
    while (rounds--) {
        uint32_t key = (uint32_t)(rounds * 2246822519u) | 1, at = key * 2654435761u >> 20;
        while (keys[at] && keys[at] != key)
            at = (at + 1) & (N - 1);
        sum += values[at] + at;
    }
    return sum;
}

static uint64_t machine(long rounds)
{
    static const char text[] = "12+34*(5-678)/9 foo_bar 0x1f 'quoted' \"string\" // comment\n";
    uint64_t words = 0, numbers = 0, others = 0;
    while (rounds--) {
        int mode = 0;
        for (const char *p = text; *p; p++) {
            char c = *p;
            switch (mode) {
            case 0:
                if (c >= '0' && c <= '9')
                    mode = 1, numbers++;
                else if ((c | 32) >= 'a' && (c | 32) <= 'z')
                    mode = 2, words++;
                else
                    others++;
                break;
            case 1:
                if (c < '0' || c > '9')
                    mode = 0;
                break;
            default:
                if (((c | 32) < 'a' || (c | 32) > 'z') && c != '_')
                    mode = 0;
            }
        }
    }
    return words ^ numbers << 20 ^ others << 40;
}

/* -- calls ------------------------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static uint64_t fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint64_t calls(long rounds)
{
    uint64_t sum = 0;
    while (rounds--)
        sum += fib(24 + (rounds & 1));
    return sum;
}

static int compare_values(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint64_t sort(long rounds)
{
    enum { N = 4096 };
    static uint32_t values[N];
    uint64_t sum = 0;
    while (rounds--) {
        for (unsigned i = 0; i < N; i++)
            values[i] = (uint32_t)next_random();
        qsort(values, N, sizeof *values, compare_values);
        sum += values[N / 2];
    }
    return sum;
}

/* A bytecode interpreter with computed gotos: one indirect jump an operation. */
static uint64_t interpreter(long rounds)
{
    static const uint8_t program[] = {0, 1, 2, 3, 1, 2, 0, 4, 3, 2, 1, 0, 3, 4, 1, 5};
    static const void *const labels[] = {&&add, &&xor, &&shift, &&multiply, &&load, &&loop};
    uint64_t a = 1, b = 0x9e3779b97f4a7c15u;
    const uint8_t *pc = program;
#define NEXT goto *labels[*pc++]
    NEXT;
add:
    a += b;
    NEXT;
xor:
    a ^= b >> 3;
    NEXT;
shift:
    b = b << 7 | b >> 57;
    NEXT;
multiply:
    a *= 0x100000001b3u;
    NEXT;
load:
    b += program[a & 15];
    NEXT;
loop:
    pc = program;
    if (rounds-- > 0)
        NEXT;
    return a ^ b;
#undef NEXT
}

/* -- floating point ------------------------------------------------------------------------------------------------------------ */

#define SCALAR __attribute__((optimize("no-tree-vectorize")))

SCALAR static uint64_t matmul(long rounds)
{
    enum { N = 64 };
    static double a[N][N], b[N][N], c[N][N];
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            a[i][k] = (double)((i + k) % 17), b[i][k] = (double)((i * 3 + k) % 13);
    while (rounds--)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = c[i][j] * 0.5;
                for (int k = 0; k < N; k++)
                    sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
    uint64_t bits;
    memcpy(&bits, &c[N / 2][N / 3], sizeof bits);
    return bits;
}

SCALAR static uint64_t nbody(long rounds)
{
    static double x[5][3], v[5][3], m[5] = {39.5, 0.04, 0.011, 0.0017, 0.002};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 3; k++)
            x[i][k] = i * 3.1 + k * 1.7, v[i][k] = (k - i) * 0.3;
    while (rounds--) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
                double distance = dx * dx + dy * dy + dz * dz, mag = 0.001 / (distance * sqrt(distance));
                v[i][0] -= dx * m[j] * mag, v[i][1] -= dy * m[j] * mag, v[i][2] -= dz * m[j] * mag;
                v[j][0] += dx * m[i] * mag, v[j][1] += dy * m[i] * mag, v[j][2] += dz * m[i] * mag;
            }
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++)
                x[i][k] += 0.001 * v[i][k];
    }
    return (uint64_t)(x[0][0] * 1e6);
}

SCALAR static uint64_t mandelbrot(long rounds)
{
    uint64_t sum = 0;
    while (rounds--)
        for (int py = 0; py < 32; py++)
            for (int px = 0; px < 32; px++) {
                float cx = px * 0.09f - 2.1f, cy = py * 0.08f - 1.2f, x = 0, y = 0;
                int n = 0;
                while (n < 100 && x * x + y * y < 4.0f) {
                    float t = x * x - y * y + cx;
                    y = 2 * x * y + cy, x = t, n++;
                }
                sum += (unsigned)n;
            }
    return sum;
}

/* -- vectors and memory ---------------------------------------------------------------------------------------------------------- */

#define VECTORISED __attribute__((optimize("O3")))

VECTORISED static uint64_t saxpy(long rounds)
{
    enum { N = 4096 };
    static float x[N], y[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)i, y[i] = 1;
    while (rounds--)
        for (int i = 0; i < N; i++)
            y[i] = y[i] * 0.999f + x[i] * 0.25f;
    return (uint64_t)y[77];
}

VECTORISED static uint64_t blend(long rounds)
{
    enum { N = 8192 };
    static uint8_t a[N], b[N], c[N];
    for (int i = 0; i < N; i++)
        a[i] = (uint8_t)next_random(), b[i] = (uint8_t)next_random();
    while (rounds--)
        for (int i = 0; i < N; i++) {
            int t = a[i] + b[i] + c[i];
            c[i] = (uint8_t)(t > 255 ? 255 : t >> 1);
        }
    return c[100];
}

VECTORISED static uint64_t dot(long rounds)
{
    enum { N = 4096 };
    static int16_t a[N], b[N];
    int64_t sum = 0;
    for (int i = 0; i < N; i++)
        a[i] = (int16_t)next_random(), b[i] = (int16_t)next_random();
    while (rounds--) {
        int32_t s = 0;
        for (int i = 0; i < N; i++)
            s += a[i] * b[i] >> 4;
        sum += s;
    }
    return (uint64_t)sum;
}

static uint64_t copy(long rounds)
{
    static char a[1 << 16], b[1 << 16];
    memset(a, 'x', sizeof a - 1);
    uint64_t sum = 0;
    while (rounds--) {
        memcpy(b, a, sizeof a);
        b[sizeof b - 100] = (char)rounds;
        sum += (uint64_t)(memcmp(a, b, sizeof a) != 0) + strlen(b);
    }
    return sum;
}

static uint64_t chase(long rounds)
{
    enum { N = 1 << 14 };
    static uint32_t next[N];
    for (uint32_t i = 0; i < N; i++)
        next[i] = (i * 5 + 4097) & (N - 1);
    uint32_t at = 1;
    uint64_t sum = 0;
    while (rounds--)
        for (int i = 0; i < 1000; i++)
            sum += at = next[at];
    return sum;
}

static const struct kernel { const char *name; uint64_t (*run)(long); long rounds; } kernels[] = {
    {"sieve", sieve, 1500}, {"crc", crc, 40000}, {"sha256", sha256, 700000}, {"hash", hash_chase, 30000000}, {"machine", machine, 3000000},
    {"calls", calls, 1600}, {"sort", sort, 1000}, {"interpreter", interpreter, 10000000}, {"matmul", matmul, 1000}, {"nbody", nbody, 4000000},
    {"mandelbrot", mandelbrot, 1500}, {"saxpy", saxpy, 400000}, {"blend", blend, 120000}, {"dot", dot, 300000}, {"copy", copy, 60000},
    {"chase", chase, 120000},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof kernels / sizeof *kernels; i++) {
        if (strcmp(argv[1], kernels[i].name) == 0) {
            printf("%s %llx\n", argv[1], (unsigned long long)kernels[i].run(argc > 2 ? atol(argv[2]) : kernels[i].rounds));
            return 0;
        }
    }
    fprintf(stderr, "usage: kernels NAME [ROUNDS]\n");
    return 2;
}
