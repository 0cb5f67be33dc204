/* Items of an array that are equal, as sst_schema_equal() defines it. */
#ifndef SST_SCHEMA_EQUAL_H
#define SST_SCHEMA_EQUAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Looks for two equal items. Returns 1 when all differ, 0 when not (and then
 * the indices of one equal pair in pair[], lower first), -1 when memory ran
 * out. Linear in the size of the array, but for short arrays.
 */
int schema__items_unique(const json_t *array, size_t pair[2]);

#endif
