/* Holds a record lock on a file until it is killed, as a libtls that is stuck would. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(argc == 2 ? argv[1] : "", O_RDWR);

	if (fd == -1 || fcntl(fd, F_SETLK, &lock) == -1) {
		perror("lock");
		return 1;
	}
	printf("locked\n");
	fflush(stdout);
	for (;;)
		pause();
}
