import { isDigest } from '../../domain/digest.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { isRepository, isTag, parseOciUrl } from './names.ts';

/** Where an image lies, as container runtimes read its reference. */
export interface ImagePlace {
  /** `https://host[:port]` */
  origin: string;
  host: string;
  repository: string;
}

/** A client of the registry; undefined for one that is not to be asked. Fails with registry errors. */
export type OpenImageRegistry<Client> = (place: ImagePlace) => Client | undefined | Promise<Client | undefined>;

const HUB = 'docker.io';
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i;

/** Without a host it is Docker Hub's, without a tag `latest`. Fails with template_invalid. */
export function parseImage(image: string): { place: ImagePlace; tag: string; digest: string | undefined } {
  const slash = image.indexOf('/');
  const head = slash < 0 ? '' : image.slice(0, slash);
  const isHost = /[.:]/.test(head) || head === 'localhost';
  const rest = isHost ? image.slice(slash + 1) : image;
  const [name = '', digest] = rest.split('@', 2);
  const [path = '', tag = 'latest'] = name.split(':', 2);
  const repository = !isHost && !path.includes('/') ? `library/${path}` : path;
  if ((isHost && !HOST.test(head)) || !isRepository(repository) || !isTag(tag) || (digest !== undefined && !isDigest(digest)))
    throw new ChandleryError('template_invalid', `${image.slice(0, 300)} is no image reference`);
  const { origin, host } = parseOciUrl(`oci://${isHost ? head : HUB}`);
  return { place: { origin, host, repository }, tag, digest };
}
