{{/* Shortened so that suffixes fit in 63 characters. */}}
{{- define "chandlery.name" -}}
{{- printf "%s-chandlery" .Release.Name | replace "chandlery-chandlery" "chandlery" | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{- define "chandlery.labels" -}}
app.kubernetes.io/name: chandlery
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "chandlery.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{/* Namespaces that sources are seeded into, as a JSON list. */}}
{{- define "chandlery.seedNamespaces" -}}
{{- $namespaces := list -}}
{{- range .Values.marketplaceSources -}}
{{- $namespaces = append $namespaces (.namespace | default $.Release.Namespace) -}}
{{- end -}}
{{- $namespaces | uniq | toJson -}}
{{- end -}}

{{/* What the seeding Job needs is made before it and goes when it has succeeded. */}}
{{- define "chandlery.seedHook" -}}
helm.sh/hook: post-install,post-upgrade
helm.sh/hook-weight: "-5"
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
