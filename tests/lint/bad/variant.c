/* lint-as internal/repository/queues/rabbit_live.c expect variant-exports */
const int sst_rabbit_ops = 1;
int sst_rabbit_more(void);

int
sst_rabbit_more(void)
{
	return 1;
}
