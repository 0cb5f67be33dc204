/*
 * ulfius queues a response in the same call in which it calls an endpoint. A
 * request that must wait (for a worker, for a change) has no response yet, so
 * it must be suspended before ulfius hears that it is complete; but ulfius
 * registers its own handler with libmicrohttpd, and has no hook before it.
 *
 * So this program defines the function with which ulfius starts libmicrohttpd.
 * The dynamic linker prefers the definition of the executable, which forwards
 * to MHD_start_daemon_va(), public too, with our handler around that of ulfius.
 * Daemons that others start pass unchanged: ours is known by its first option.
 * Were it linked so that the library's own definition wins, sst_api_start()
 * says so and fails.
 */
#include "api/intercept.h"

#include <stdarg.h>

#include "api/api_priv.h"
#include "api/exchange.h"

/* NULL, or the API whose options these are. */
static struct sst_api *
options_owner(const struct MHD_OptionItem *items)
{
	if (items[0].option != MHD_OPTION_EXTERNAL_LOGGER ||
	    items[0].value != (intptr_t)api__on_log)
		return NULL;
	return items[0].ptr_value;
}

bool
api__intercepted(const struct sst_api *api)
{
	return api->ulfius.handler != NULL;
}

struct MHD_Daemon *
MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback apc,
    void *apc_cls, MHD_AccessHandlerCallback dh, void *dh_cls, ...)
{
	struct MHD_Daemon *daemon;
	struct sst_api *api = NULL;
	va_list ap;

	/* ulfius gives an array and the end. */
	va_start(ap, dh_cls);
	if (va_arg(ap, int) == MHD_OPTION_ARRAY)
		api = options_owner(va_arg(ap, const struct MHD_OptionItem *));
	va_end(ap);
	if (api != NULL) {
		api->ulfius = (struct api_ulfius){(void (*)(void))dh, dh_cls};
		dh = api__on_access;
		dh_cls = api;
	}
	va_start(ap, dh_cls);
	daemon = MHD_start_daemon_va(flags, port, apc, apc_cls, dh, dh_cls, ap);
	va_end(ap);
	return daemon;
}
