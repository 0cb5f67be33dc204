/*
 * Where requests of libmicrohttpd and ulfius become ours and back. With
 * server.c the only place that knows these libraries.
 */
#ifndef SST_API_EXCHANGE_H
#define SST_API_EXCHANGE_H

#include <microhttpd.h>
#include <ulfius.h>

struct sst_api;

/* The callbacks of libmicrohttpd; cls is the struct sst_api. */
void *
api__on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
void api__on_completed(void *cls, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode toe);
void api__on_connection(void *cls, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode toe);
void api__on_log(void *cls, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* In front of the handler of ulfius, see intercept.c; cls as above. */
enum MHD_Result api__on_access(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls);

/* The one endpoint of ulfius: lends it the response that is there. */
int api__on_request(const struct _u_request *request,
    struct _u_response *response, void *user_data);

#endif
