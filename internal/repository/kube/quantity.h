/*
 * Kubernetes quantities ("100m", "1.5Gi", "12345678n") as integers. Pure; any
 * thread. Rules and table: internal/repository/kube/quantity.c.
 */
#ifndef SST_REPOSITORY_KUBE_QUANTITY_H
#define SST_REPOSITORY_KUBE_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * *out in thousand-millionths (cores: nanocores), rounded up, held to the
 * range of int64_t. SST_SYNTAX: not a quantity.
 */
int sst_kube_quantity_nano(
    const char *text, size_t len, int64_t *out, struct sst_error *err);
/* The same in whole units (bytes), rounded up. */
int sst_kube_quantity_whole(
    const char *text, size_t len, int64_t *out, struct sst_error *err);

#endif
