/* A module that is no function: it exports neither run_e nor _start. */
__attribute__((export_name("nothing"))) void
nothing(void)
{
}
