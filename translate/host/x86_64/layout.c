/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the guest's fields are kept: found out once per process, since a process has one guest, and copied into each region's emitter.
 */
#include "translate/host/x86_64/emit.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAXIMUM = 256 };            /* a snapshot's index is one byte */

static struct {
    struct field_place no_field, fields[FIELDS_MAXIMUM];   /* no_field: the one before the first */
    struct code_pieces pieces;
    struct emitter start;                 /* what every region begins with */
} layout;                                 /* written once by host_x86_64.init */

static void place_fields(const struct guest_isa *isa)
{
    for (unsigned i = 0; i < isa->field_count; i++) {
        enum ir_type type = isa->fields[i].type;
        layout.fields[i] = (struct field_place){.pin = REG_NONE, .bytes = (uint8_t)ir_type_bytes(type), .is_vector = ir_type_is_vector_class(type),
                                                .displacement = state_operand(isa->fields[i].offset).displacement};
    }
    layout.no_field = (struct field_place){.pin = REG_NONE, .is_pinned = 1};
}

static void pin_field(uint16_t field, int reg, uint16_t *pin_field, uint32_t *pinned)
{
    layout.fields[field].pin = (int8_t)reg;
    layout.fields[field].is_pinned = 1;
    pin_field[reg] = field;
    *pinned |= 1u << reg;
}

void x86_64_layout_make(const struct guest_isa *isa)
{
    struct emitter *start = &layout.start;
    if (isa->field_count > FIELDS_MAXIMUM)
        abort();
    place_fields(isa);
    memset(start, 0, sizeof *start);
    memset(start->pin_field_integer, 0xff, sizeof start->pin_field_integer);
    memset(start->pin_field_vector, 0xff, sizeof start->pin_field_vector);
    for (unsigned i = 0; i < INTEGER_PIN_COUNT && isa->integer_pins[i] != GUEST_NO_FIELD; i++)
        pin_field(isa->integer_pins[i], x86_64_integer_pin[i], start->pin_field_integer, &start->integer_pinned);
    for (unsigned i = 0; i < VECTOR_PIN_COUNT && isa->vector_pins[i] != GUEST_NO_FIELD; i++)
        pin_field(isa->vector_pins[i], VECTOR_PIN_FIRST + (int)i, start->pin_field_vector, &start->vector_pinned);
    memset(start->integer_value, 0xff, sizeof start->integer_value);
    memset(start->vector_value, 0xff, sizeof start->vector_value);
    start->isa = isa;
    start->integer_temporaries = INTEGER_TEMPORARIES;
    start->vector_temporaries = VECTOR_TEMPORARIES;
    start->fields = layout.fields;
    start->host_flags = start->state_flags = IR_NONE;
    start->state_flags_live = true;
    x86_64_make_pieces(&layout.pieces);
    start->pieces = &layout.pieces;
}

void layout_start(struct emitter *e)
{
    memcpy(e, &layout.start, offsetof(struct emitter, spill_owner));
}
