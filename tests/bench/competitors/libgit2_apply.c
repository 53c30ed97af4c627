/*
 * Stores files as blobs and creates a ref to each, by libgit2: what `lattice apply` is compared with.
 *
 *     libgit2_apply <file with paths> <file with refs>
 *
 * in the repository's folder; line by line. A ref that exists is refused, one by one: libgit2 has no transaction that
 * shows them all at once. Nothing is flushed, which is libgit2's default.
 */
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int code, const char *what)
{
	if (code >= 0)
		return;
	const git_error *error = git_error_last();
	fprintf(stderr, "%s: %s\n", what, error ? error->message : "unknown error");
	exit(1);
}

static FILE *open_list(const char *path)
{
	FILE *list = fopen(path, "r");
	if (list == NULL) {
		perror(path);
		exit(1);
	}
	return list;
}

/* The next line without its newline; NULL at the end. */
static char *next_line(FILE *list)
{
	static char lines[2][4096];
	static int turn;
	char *line = lines[turn ^= 1];
	if (fgets(line, sizeof(lines[0]), list) == NULL)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s <file with paths> <file with refs>\n", argv[0]);
		return 2;
	}
	FILE *paths = open_list(argv[1]);
	FILE *refs = open_list(argv[2]);
	git_repository *repository;
	check(git_libgit2_init(), "libgit2");
	check(git_repository_open(&repository, "."), "repository");
	char *path, *name;
	while ((path = next_line(paths)) != NULL && (name = next_line(refs)) != NULL) {
		git_oid blob;
		git_reference *ref;
		check(git_blob_create_from_disk(&blob, repository, path), path);
		check(git_reference_create(&ref, repository, name, &blob, 0, NULL), name);
		git_reference_free(ref);
	}
	git_repository_free(repository);
	git_libgit2_shutdown();
	return 0;
}
