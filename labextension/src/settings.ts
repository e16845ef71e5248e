/** The switch that each feature has in the settings. */
import { ISettingRegistry } from '@jupyterlab/settingregistry';

/**
 * Call `apply` with the value of a plugin's setting `enabled`, now and whenever the user changes it.
 *
 * Without a settings registry, or when the plugin's schema can't be read, the feature is on.
 */
export async function follow(
  registry: ISettingRegistry | null,
  plugin: string,
  apply: (enabled: boolean) => void
): Promise<void> {
  try {
    const settings = await registry?.load(plugin);
    const tell = () => apply(settings?.composite['enabled'] !== false);
    settings?.changed.connect(tell);
    tell();
  } catch (reason) {
    console.warn(`${plugin}: its settings can't be read, so it is on.`, reason);
    apply(true);
  }
}
