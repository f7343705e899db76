/* tls_config_set_session_id(3) */
#include <errno.h>

#include "front.h"
#include "_cgo_export.h"

int
tls_config_set_session_fd(struct tls_config *config, int session_fd)
{
	int rv = config_set_number(config, CONFIG_SESSION_FD, session_fd);

	if (rv == 0)
		config->settings->sessions = session_fd != -1;
	return rv;
}

int
tls_config_set_session_id(struct tls_config *config,
    const unsigned char *session_id, size_t len)
{
	if (!config_valid(config))
		return -1;
	if (session_id == NULL && len > 0)
		return error_set(&config->err, TLS_ERROR_INVALID_ARGUMENT,
		    "no session ID");
	return config_set_bytes(config, CONFIG_SESSION_ID, session_id, len);
}

int
tls_config_set_session_lifetime(struct tls_config *config, int lifetime)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	if (lifetime > 0 && !settings_share(config->settings))
		return config_leave(config, &v, error_errno(&config->err,
		    errno, "no memory for sessions"));
	if (config->settings->shared != NULL)
		goConfigShare(config->go, &v.fail, config->settings->shared);
	return config_leave(config, &v, goConfigSetNumber(config->go, &v.fail,
	    CONFIG_SESSION_LIFETIME, lifetime));
}

int
tls_config_set_num_tickets(struct tls_config *config, size_t num_tickets)
{
	return config_set_number(config, CONFIG_NUM_TICKETS, num_tickets);
}

int
tls_config_add_ticket_key(struct tls_config *config, uint32_t keyrev,
    unsigned char *key, size_t keylen)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddTicketKey(config->go,
	    &v.fail, keyrev, key, keylen));
}
