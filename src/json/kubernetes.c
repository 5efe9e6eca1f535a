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
 * redact: what Secrets hold, alone and in lists.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/kubernetes.h"

const char *const dg_kubernetes_preset =
"{"
"\"ignore\": ["
"\"$.metadata.managedFields\","
"\"$.metadata.resourceVersion\","
"\"$.metadata.generation\","
"\"$.metadata.selfLink\","
"\"$.metadata.annotations.\\\"kubectl.kubernetes.io/last-applied-configuration\\\"\","
"\"$.metadata.annotations.\\\"control-plane.alpha.kubernetes.io/leader\\\"\","
"\"$.metadata.annotations.\\\"endpoints.kubernetes.io/last-change-trigger-time\\\"\","
"\"$.metadata.annotations.\\\"autoscaling.alpha.kubernetes.io/conditions\\\"\","
"\"$.metadata.annotations.\\\"autoscaling.alpha.kubernetes.io/current-metrics\\\"\","
"\"$.status.observedGeneration\","
"\"$.status.lastTransitionTime\","
"\"$.status.conditions[*].lastTransitionTime\","
"\"$.status.conditions[*].lastHeartbeatTime\","
"\"$.status.conditions[*].lastUpdateTime\","
"\"$.status.conditions[*].lastProbeTime\","
"\"$.status.conditions[*].observedGeneration\","
"\"$.status.artifact.lastUpdateTime\","
"\"$.status.reconciledAt\","
"\"$?(@.kind == \\\"Node\\\").status.images\","
"\"$?(@.kind == \\\"Lease\\\").spec.renewTime\","
"\"$?(@.kind == \\\"Canary\\\").status.lastCheck\","
"\"$?(@.kind == \\\"Canary\\\").status.latency1h\","
"\"$?(@.kind == \\\"Canary\\\").status.uptime1h\","
"\"$?(@.kind == \\\"Canary\\\").status.checkStatus\""
"],"
"\"redact\": ["
"\"$?(@.kind == \\\"Secret\\\").data\","
"\"$?(@.kind == \\\"Secret\\\").stringData\","
"\"$.items[*]?(@.kind == \\\"Secret\\\").data\","
"\"$.items[*]?(@.kind == \\\"Secret\\\").stringData\","
"\"$?(@.kind == \\\"SecretList\\\").items[*].data\","
"\"$?(@.kind == \\\"SecretList\\\").items[*].stringData\""
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
