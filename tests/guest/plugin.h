/* What a plugin offers. */
const char	*meet(int, int, const char *);		/* one end of a connection, perhaps the server's */
const char	*stay_alone(const char *);		/* both ends of one */
