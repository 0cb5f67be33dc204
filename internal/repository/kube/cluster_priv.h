/* Between cluster*.c and part.c. All on the thread that collects. */
#ifndef SST_REPOSITORY_KUBE_CLUSTER_PRIV_H
#define SST_REPOSITORY_KUBE_CLUSTER_PRIV_H

#include "repository/kube/part.h"

/* part.c */

/* Begins its thread; an opened one that is closed is opened again. */
int kube__part_start(struct sst_kube_part *part, struct sst_error *err);
void kube__part_ask_stop(struct sst_kube_part *part);
void kube__part_join(struct sst_kube_part *part);
/* Reads how it stands into part->view: tries an older group when the server
 * does not have this one, and forgets what was refused for long. */
int kube__part_look(
    struct sst_kube_part *part, struct sst_mono now, struct sst_error *err);

/* cluster_probe.c */

/* That the server answers now, if it has not just spoken: heard is when it did
 * last, zero: never. Asks for its version on the way. */
int kube__probe(struct sst_kube_cluster *cluster, struct sst_mono deadline,
    struct sst_mono heard, struct sst_error *err);
/* That it answers this very question. */
int kube__probe_answer(struct sst_kube_cluster *cluster,
    struct sst_mono deadline, struct sst_error *err);

/* version_parse.c */

/* gitVersion of an answer to /version, made safe; the caller's. NULL: there is
 * none, or no memory. Pure. */
char *kube__parse_version(const char *json, size_t len);

#endif
