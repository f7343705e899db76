/* tls_config_set_ticket_key_file(3) */
#include "front.h"
#include "_cgo_export.h"

int
tls_config_set_ticket_key_file(struct tls_config *config, const char *path)
{
	struct file f = { 0 };
	struct ticket_file *file = NULL;
	struct visit v;
	int rv = -1;

	if (!config_valid(config))
		return -1;
	error_clear(&config->settings->refused);
	if (path != NULL &&
	    ((file = ticket_file_new(path, &config->err)) == NULL ||
	    ticket_file_read(file, &f, &config->err) == -1)) {
		ticket_file_drop(file);
		return -1;
	}
	if (config_enter(config, &v)) {
		rv = settings_take_keys(config->settings, file, &f, &v.fail);
		rv = config_leave(config, &v, rv);
	} else {
		ticket_file_drop(file);
	}
	file_drop(&f);
	return rv;
}
