/* Stands at the end of every candidate in place of cargo, so that only the way there is measured. */
int main(void) { return 0; }
