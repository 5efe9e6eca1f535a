/*-------------------------------------------------------------------------
 *
 * kubernetes.h
 *	  What is known beforehand about Kubernetes objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_KUBERNETES_H
#define DIFFGEN_JSON_KUBERNETES_H

/* An options document with "ignore", "redact" and "keys". */
extern const char *const dg_kubernetes_preset;

#endif							/* DIFFGEN_JSON_KUBERNETES_H */
