/** A schema.yaml of version v2 with the oddities of real ones; `version` stands as publishedVersion. */
export function deployerSchema(version: string): string {
  return `x-google-marketplace:
  schemaVersion: v2
  applicationApiVersion: v1beta1
  publishedVersion: '${version}'
  publishedVersionMetadata:
    releaseNote: A release.
    recommended: true
  images:
    '':
      properties:
        image.repo: {type: REPO_WITH_REGISTRY}
        image.tag: {type: TAG}
    proxy:
      properties:
        proxy.image: {type: FULL}
  clusterConstraints:
    k8sVersion: ">=1.21.1"
    resources:
    - replicas: 3
      requests: {cpu: 300m, memory: 2Gi}
      affinity: {simpleNodeAffinity: {type: REQUIRE_ONE_NODE_PER_REPLICA}}
properties:
  name:
    type: string
    x-google-marketplace: {type: NAME}
  namespace:
    type: string
    x-google-marketplace: {type: NAMESPACE}
  replicas:
    type: integer
    title: Replicas
    default: 3
    enum: ['3', '5']
  storage.size:
    type: string
    default: 5Gi
    pattern: ^[0-9]+(Mi|Gi)$
  mail.host:
    type: string
    default: null
    placeholder: ignored
  storageClass:
    type: string
    x-google-marketplace: {type: STORAGE_CLASS, storageClass: {type: SSD}}
  admin.password:
    type: string
    x-google-marketplace: {type: GENERATED_PASSWORD, generatedPassword: {length: 16}}
  tls:
    type: string
    x-google-marketplace:
      type: TLS_CERTIFICATE
      tlsCertificate:
        generatedProperties: {base64EncodedPrivateKey: tls.key, base64EncodedCertificate: tls.crt}
required: [name, namespace, replicas, mail.host, storageClass, admin.password]
`;
}
