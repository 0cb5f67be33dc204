/* lint-as internal/model/sizes.c expect file-size function-size function-depth function-params */
int sst_sizes(int a, int b, int c, int d, int e, int f);
int sst_deep(int n);

int
sst_sizes(int a, int b, int c, int d, int e, int f)
{
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	a += b;
	return a + c + d + e + f;
}

int
sst_deep(int n)
{
	if (n > 1) {
		while (n > 2) {
			for (; n > 3; n--) {
				do {
					n--;
				} while (n > 4);
			}
		}
	}
	return n;
}




















































































































































































































































































































































































































































































































