/*-------------------------------------------------------------------------
 *
 * as_owner.c
 *	  Runs a statement that fires what the owner of a table has put there.
 *
 * Triggers, constraints, defaults and domains of a changelog are its owner's.
 * Where a superuser, or whoever else has the owner's rights, maintains it,
 * they must not run as that one: so the statement is run as the owner, and
 * restricted as in REINDEX and VACUUM.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changelog/tracking.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(diffgen_execute_as_owner);

/* Parameters of a statement. */
typedef struct Parameters
{
	int			n;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;			/* as SPI wants them */
} Parameters;

static void
take_parameters(ArrayType *array, Parameters *params)
{
	bool	   *nulls;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &params->values, &nulls, &params->n);
	params->types = palloc(mul_size(Max(params->n, 1), sizeof(Oid)));
	params->nulls = palloc(Max(params->n, 1));
	for (int i = 0; i < params->n; i++)
	{
		params->types[i] = TEXTOID;
		params->nulls[i] = nulls[i] ? 'n' : ' ';
	}
}

/*
 * Run the statement.  Returns what the first column of the first row is, if
 * that is a bigint, and else sets *isnull.
 */
static int64
execute(const char *statement, const Parameters *params, bool *isnull)
{
	int64		result = 0;
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	code = SPI_execute_with_args(statement, params->n, params->types,
								 params->values, params->nulls, false, 0);
	if (code < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot execute the statement as the owner: %s",
						SPI_result_code_string(code))));
	*isnull = true;
	if (SPI_tuptable != NULL && SPI_processed > 0 &&
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) == INT8OID)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, isnull);

		if (!*isnull)
			result = DatumGetInt64(value);
	}
	SPI_finish();
	return result;
}

/*
 * diffgen_execute_as_owner(relation regclass, statement text,
 *							arguments text[]) returns bigint
 *		Run a statement, whose parameters are texts, as the owner of a
 *		relation.
 *
 * The caller must be able to become the owner: ERRCODE_INSUFFICIENT_PRIVILEGE
 * if not.
 * If the caller is the owner, the statement is run as any other, but that
 * forced row security does not apply, as in the trigger's.  Returns the first
 * value of the result if it is a bigint.
 */
Datum
diffgen_execute_as_owner(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	char	   *statement = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			owner;
	Parameters	params;
	Oid			user;
	int			security;
	int			level;
	bool		isnull;
	int64		result;

	if (get_rel_name(relation) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	owner = diffgen_owner(relation);
	GetUserIdAndSecContext(&user, &security);
	if (!diffgen_can_become(user, owner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
					   get_rel_name(relation));
	take_parameters(PG_GETARG_ARRAYTYPE_P(2), &params);

	/* An error has the end of the (sub)transaction restore all of it. */
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS |
						   (user == owner ? 0 : SECURITY_RESTRICTED_OPERATION));
	level = NewGUCNestLevel();
	result = execute(statement, &params, &isnull);
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, security);

	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_INT64(result);
}
