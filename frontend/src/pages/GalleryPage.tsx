import { Gallery } from "@/designs/Gallery";

export function GalleryPage() {
  return <Gallery />;
}
