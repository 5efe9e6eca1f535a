/*-------------------------------------------------------------------------
 *
 * kubernetes.c
 *	  What is known beforehand about Kubernetes objects.
 *
 * ignore: what the API server, controllers and clients keep rewriting though
 * nothing was changed by anybody: bookkeeping of the API server, heartbeats,
 * times at which something was looked at, copies of other parts.
 *
 * keys: the lists that the API treats as maps.  The keys are those of
 * server-side apply (x-kubernetes-list-map-keys in the API's schemas), which
 * are what makes an element unique; strategic merge patch has fewer for some,
 * with which the same port in TCP and UDP would be one.  Lists that the API
 * treats as atomic are not here.  One list of keys follows another where the
 * same field name stands for several types, or where a key has a default and
 * may be missing.
 *
 * redact: what Secrets hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/kubernetes.h"

/*
 * Objects come alone, as the items of a list, and as the elements of an array.
 * `at` is where one is.  The items of a list of one kind, say a SecretList,
 * need not say their own kind.
 */
#define NOISE(at) \
	"\"" at ".metadata.managedFields\"" "," \
	"\"" at ".metadata.resourceVersion\"" "," \
	"\"" at ".metadata.generation\"" "," \
	"\"" at ".metadata.selfLink\"" "," \
	"\"" at ".metadata.annotations.\\\"kubectl.kubernetes.io/last-applied-configuration\\\"\"" "," \
	"\"" at ".metadata.annotations.\\\"control-plane.alpha.kubernetes.io/leader\\\"\"" "," \
	"\"" at ".metadata.annotations.\\\"endpoints.kubernetes.io/last-change-trigger-time\\\"\"" "," \
	"\"" at ".metadata.annotations.\\\"autoscaling.alpha.kubernetes.io/conditions\\\"\"" "," \
	"\"" at ".metadata.annotations.\\\"autoscaling.alpha.kubernetes.io/current-metrics\\\"\"" "," \
	"\"" at ".status.observedGeneration\"" "," \
	"\"" at ".status.lastTransitionTime\"" "," \
	"\"" at ".status.conditions[*].lastTransitionTime\"" "," \
	"\"" at ".status.conditions[*].lastHeartbeatTime\"" "," \
	"\"" at ".status.conditions[*].lastUpdateTime\"" "," \
	"\"" at ".status.conditions[*].lastProbeTime\"" "," \
	"\"" at ".status.conditions[*].observedGeneration\"" "," \
	"\"" at ".status.artifact.lastUpdateTime\"" "," \
	"\"" at ".status.reconciledAt\""

#define NOISE_OF_KINDS(node, lease, canary) \
	"\"" node ".status.images\"," \
	"\"" lease ".spec.renewTime\"," \
	"\"" canary ".status.lastCheck\"," \
	"\"" canary ".status.latency1h\"," \
	"\"" canary ".status.uptime1h\"," \
	"\"" canary ".status.checkStatus\""

#define SECRETS(secret) \
	"\"" secret ".data\"," \
	"\"" secret ".stringData\""

/* Objects of a kind that are at some place. */
#define KIND(at, kind)	at "?(@.kind == \\\"" kind "\\\")"

/* Those in a list of that kind. */
#define LISTED(kind)	KIND("$", kind "List") ".items[*]"

const char *const dg_kubernetes_preset =
"{"
"\"ignore\": ["
NOISE("$") ","
NOISE("$.items[*]") ","
NOISE("$[*]") ","
NOISE_OF_KINDS(KIND("$", "Node"), KIND("$", "Lease"),
			   KIND("$", "Canary")) ","
NOISE_OF_KINDS(KIND("$.items[*]", "Node"), KIND("$.items[*]", "Lease"),
			   KIND("$.items[*]", "Canary")) ","
NOISE_OF_KINDS(KIND("$[*]", "Node"), KIND("$[*]", "Lease"),
			   KIND("$[*]", "Canary")) ","
NOISE_OF_KINDS(LISTED("Node"), LISTED("Lease"), LISTED("Canary"))
"],"
"\"redact\": ["
SECRETS(KIND("$", "Secret")) ","
SECRETS(KIND("$.items[*]", "Secret")) ","
SECRETS(KIND("$[*]", "Secret")) ","
SECRETS(LISTED("Secret"))
"],"
"\"keys\": {"
"\"addresses\": [[\"type\"]],"
"\"allocatedResourcesStatus\": [[\"name\"]],"
"\"claims\": [[\"name\"]],"
"\"conditions\": [[\"type\"]],"
"\"containers\": [[\"name\"]],"
"\"devices\": [[\"driver\", \"device\", \"pool\", \"shareID\"], [\"driver\", \"device\", \"pool\"]],"
"\"drivers\": [[\"name\"]],"
"\"env\": [[\"name\"]],"
"\"ephemeralContainers\": [[\"name\"]],"
"\"hostAliases\": [[\"ip\"]],"
"\"hostIPs\": [[\"ip\"]],"
"\"imagePullSecrets\": [[\"name\"]],"
"\"initContainers\": [[\"name\"]],"
"\"matchConditions\": [[\"name\"]],"
"\"ownerReferences\": [[\"uid\"]],"
"\"podIPs\": [[\"ip\"]],"
"\"ports\": [[\"containerPort\", \"protocol\"], [\"port\", \"protocol\"], [\"containerPort\"], [\"port\"]],"
"\"reservedFor\": [[\"uid\"]],"
"\"resourceClaimStatuses\": [[\"name\"]],"
"\"resourceClaims\": [[\"name\"]],"
"\"resources\": [[\"resourceID\"]],"
"\"schedulingGates\": [[\"name\"]],"
"\"secrets\": [[\"name\"]],"
"\"storageHealth\": [[\"name\"]],"
"\"topologySpreadConstraints\": [[\"topologyKey\", \"whenUnsatisfiable\"]],"
"\"variables\": [[\"name\"]],"
"\"volumeDevices\": [[\"devicePath\"]],"
"\"volumeHealth\": [[\"name\"]],"
"\"volumeMounts\": [[\"mountPath\"]],"
"\"volumes\": [[\"name\"]],"
"\"webhooks\": [[\"name\"]]"
"}"
"}";
