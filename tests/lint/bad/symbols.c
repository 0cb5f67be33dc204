/* lint-as internal/model/symbols.c expect symbol-prefix exported-variable*2 static-variable*2 */
static const char *const fine[] = {"a", "b"};
const char *const sst_fine[] = {"a", "b"};
int sst_counter;
int sst_started = 1;
static int hidden;
_Thread_local static int per_thread;

int leaked(int n);
int symbols__shared(int n);

int
leaked(int n)
{
	hidden += n;
	per_thread += hidden;
	return per_thread;
}

int
symbols__shared(int n)
{
	return fine[n][0];
}
