/* tls_config_reload(3) */
#include <stdlib.h>

#include "front.h"
#include "_cgo_export.h"

/* Outside of Go, as all files are. */
static int
read_files(struct tls_config *config, struct renewal *list, size_t n)
{
	struct file *f;

	for (size_t i = 0; i < n; i++) {
		for (int part = 0; part < KEYPAIR_PARTS; part++) {
			if (list[i].path[part] == NULL)
				continue;
			f = &list[i].file[part];
			file_read(f, list[i].path[part]);
			if (f->data == NULL)
				return file_error(&config->err, f,
				    part_names[part], list[i].path[part]);
		}
	}
	return 0;
}

static void
renewals_free(struct renewal *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int part = 0; part < KEYPAIR_PARTS; part++) {
			free(list[i].path[part]);
			file_drop(&list[i].file[part]);
		}
	}
	free(list);
}

int
tls_config_reload(struct tls_config *config)
{
	struct renewal *list;
	struct visit v;
	size_t n = 0;
	int rv = -1;

	if (!config_enter(config, &v))
		return -1;
	list = goConfigKeypairFiles(config->go, &v.fail, &n);
	if (config_leave(config, &v, list == NULL ? -1 : 0) == 0 &&
	    read_files(config, list, n) == 0 && config_enter(config, &v)) {
		rv = config_leave(config, &v, goConfigReload(config->go,
		    &v.fail, list, n));
		if (rv == 0)
			atomic_fetch_add(&config->settings->reloads, 1);
	}
	renewals_free(list, n);
	return rv;
}
